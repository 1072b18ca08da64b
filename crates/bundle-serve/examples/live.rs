#![allow(warnings)]
#[path = "../tests/it/directory.rs"] mod directory;
use std::sync::Arc;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let files = directory::Directory(std::path::PathBuf::from(&args[1]));
    let manifest = bundle_manifest::Manifest::from_toml(&fs_err::read_to_string(files.0.join("bundle.toml")).unwrap()).unwrap();
    let predictor = bundle_run::Predictor::new(&manifest, &files).unwrap();
    let id = (args.len() > 3).then(|| bundle_archive::BundleId("3f9a0123456789abcdef0123456789abcdef0123456789abcdef0123456dc21e".parse().unwrap()));
    let served = Arc::new(bundle_serve::Served { manifest, files: Arc::new(files), id, predictor });
    let address = format!("127.0.0.1:{}", args[2]).parse().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(bundle_serve::serve(served, address, |a| println!("{a}"), std::future::pending())).unwrap();
}
