//! Any bytes as safetensors, and any text as a model's `config.json`: an error, or tensors with the lengths of their
//! shapes.

use bert::{Config, Safetensors};

fn read(path: &std::path::Path) {
    let Ok(tensors) = Safetensors::open(path).and_then(|mut weights| weights.take_all()) else { return };
    for tensor in tensors.values() {
        assert_eq!(tensor.as_bytes().len(), 4 * tensor.shape().iter().product::<usize>());
    }
}

pub(crate) fn check(data: &[u8]) {
    let folder = std::env::temp_dir().join(format!("fathom-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("model.safetensors");
    std::fs::write(&path, data).unwrap();
    read(&path);
    // The same with a correct length in front, because the fuzzer would otherwise search for that only.
    let header = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let length = (header as u64).to_le_bytes();
    std::fs::write(&path, [&length[..], &data[..header], data.get(header + 1..).unwrap_or_default()].concat()).unwrap();
    read(&path);
    std::fs::write(folder.join("config.json"), data).unwrap();
    let _ = Config::read(&folder);
    std::fs::remove_dir_all(&folder).unwrap();
}
