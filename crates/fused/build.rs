//! With the feature `libtorch`: compile the shim against LibTorch's headers and set the run path.

fn main() {
    println!("cargo:rerun-if-changed=src/shim.cpp");
    println!("cargo:rerun-if-changed=src/libtorch/flash.cpp");
    println!("cargo:rerun-if-changed=src/libtorch/graph.cpp");
    println!("cargo:rerun-if-changed=src/libtorch/adamw/lists.cpp");
    #[cfg(feature = "libtorch")]
    libtorch();
}

#[cfg(feature = "libtorch")]
fn libtorch() {
    use std::path::{Path, PathBuf};
    let library =
        std::env::var("DEP_TCH_LIBTORCH_LIB").unwrap_or_else(|_| panic!("torch-sys names no LibTorch folder"));
    let root = Path::new(&library).parent().map_or_else(PathBuf::new, Path::to_path_buf);
    cc::Build::new()
        .cpp(true)
        .warnings(false)
        .std("c++17")
        .flag("-fopenmp") // LibTorch's threads are OpenMP's
        .define("_GLIBCXX_USE_CXX11_ABI", "1")
        .include(root.join("include"))
        .include(root.join("include/torch/csrc/api/include"))
        .file("src/shim.cpp")
        .file("src/libtorch/flash.cpp")
        .file("src/libtorch/graph.cpp")
        .file("src/libtorch/adamw/lists.cpp")
        .compile("fathom_shim");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{library}");
    println!("cargo:rustc-link-lib=torch_cpu");
    println!("cargo:rustc-link-lib=c10");
    println!("cargo:rustc-link-lib=gomp");
}
