//! Laws on random projects.

use std::collections::BTreeMap;

use bundle_archive::{Archive, Limits, WriteOptions};
use bundle_manifest::{ArtifactPath, FileSource as _};
use proptest::{collection, prelude::*};

use crate::project::{File, noise, packed};

/// Content of any length around the sizes at which something changes.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let lengths = prop_oneof![
        0_usize..1500,
        (1_usize << 19) - 600..(1 << 19) + 600,
        (1_usize << 20) - 600..(1 << 20) + 600,
        (8_usize << 20) - 600..(8 << 20) + 600,
    ];
    (lengths, any::<bool>())
        .prop_map(|(length, random)| if random { noise(length) } else { vec![b'x'; length] })
}

fn files() -> impl Strategy<Value = Vec<File>> {
    let path = "[a-c]{1,3}(/[é-ñ]{1,60}){0,2}/[x-z]{1,120}";
    let file = (content(), any::<bool>(), any::<bool>());
    collection::btree_map(path, file, 0..7).prop_map(|files: BTreeMap<String, _>| {
        let mut files: Vec<_> = files
            .into_iter()
            .map(|(path, (content, executable, withheld))| {
                let file = File::new(&path, content);
                let file = if executable { file.executable() } else { file };
                if withheld { file.withheld() } else { file }
            })
            .collect();
        files.push(File::new("bundle.toml", "format = 1\n"));
        files
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn reading_undoes_writing(files in files(), level in 0..4, threads in 1_usize..4) {
        let bytes = packed(&files, None, &WriteOptions { level, threads }).expect("packs");
        let archive = Archive::from_bytes(bytes, &Limits::default()).expect("opens");
        let verified = archive.verify(&|_| ()).expect("holds");
        prop_assert_eq!(verified.id, archive.id());
        for file in files.iter().filter(|file| !file.withheld) {
            let path: ArtifactPath = file.path.parse().expect("a path");
            prop_assert!(archive.read(&path, u64::MAX).expect("reads") == file.content, "{}", path);
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Archive::from_bytes(bytes, &Limits::default()).is_err());
    }
}
