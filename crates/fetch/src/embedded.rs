//! The model folder that needs no network: a tiny BERT without weights; the sample study draws them from its seed.

use std::path::Path;

use records::publish;
use study::EMBEDDED_MODEL;

/// `config.json` comes last: a folder with this file is complete.
const FILES: [(&str, &[u8]); 4] = [
    ("vocab.txt", include_bytes!("../assets/sample-bert/vocab.txt")),
    ("tokenizer_config.json", include_bytes!("../assets/sample-bert/tokenizer_config.json")),
    ("tokenizer.json", include_bytes!("../assets/sample-bert/tokenizer.json")),
    ("config.json", include_bytes!("../assets/sample-bert/config.json")),
];

/// Write the model's folder into `models`; a file with the same bytes keeps its modification time.
pub(crate) fn write(models: &Path) -> anyhow::Result<()> {
    for (name, bytes) in FILES {
        let path = models.join(EMBEDDED_MODEL).join(name);
        if !publish::if_changed(&path, bytes)? {
            log::debug!("`{}` already exists", path.display());
        }
    }
    Ok(())
}
