//! Any text as `config.json` of every family: an error, or settings that are read back as they were written.

use bert::{Config, FAMILIES};
use serde_json::{Map, Value};

fn read(folder: &std::path::Path, bytes: &[u8]) {
    std::fs::write(folder.join("config.json"), bytes).unwrap();
    let Ok(config) = Config::read(folder) else { return };
    let written = Value::Object(config.settings());
    std::fs::write(folder.join("config.json"), written.to_string()).unwrap();
    let again = Config::read(folder).unwrap();
    assert_eq!(again, Config { other: Map::new(), ..config });
    assert_eq!(Value::Object(again.settings()), written);
}

pub(crate) fn check(data: &[u8]) {
    let folder = std::env::temp_dir().join(format!("fathom-fuzz-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    read(&folder, data);
    if let Ok(Value::Object(settings)) = serde_json::from_slice(data) {
        for family in FAMILIES {
            let mut settings = settings.clone();
            settings.insert("model_type".to_owned(), family.model_type.into());
            read(&folder, Value::Object(settings).to_string().as_bytes());
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
