//! Reads the text of project files from the disk, because the core does no IO of its own.
//!
//! Nothing is cached: who reads twice wants to see whether the bytes changed in between.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::source::{FileId, Files, Project, ReadError};

/// The largest file that is analysed. Generated tables beyond it cost seconds and spawn nothing.
pub const MAX_BYTES: u64 = 8 << 20;

thread_local! {
    /// Where the text of one file is while somebody looks at it: thousands of buffers, each given back at once,
    /// cost as much as the reading.
    static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The files of one project, on the disk.
#[derive(Clone, Debug)]
pub struct DiskFiles {
    root: PathBuf,
    paths: Vec<Arc<str>>,
}

impl DiskFiles {
    /// The files of `project`, whose paths are relative to `root`.
    pub fn new(root: &Path, project: &Project) -> Self {
        let paths = project.files.iter().map(|entry| Arc::clone(&entry.path)).collect();
        Self { root: root.to_path_buf(), paths }
    }

    /// Where a file lies on the disk; the root for an id that is not of this project.
    pub fn path(&self, file: FileId) -> PathBuf {
        // `join` keeps an absolute path, which is how files outside the root are written.
        self.paths
            .get(file.0 as usize)
            .map_or_else(|| self.root.clone(), |path| self.root.join(&**path))
    }
}

impl Files for DiskFiles {
    fn read(&self, file: FileId) -> Result<Arc<str>, ReadError> {
        (self as &dyn Files).ask(file, |text| Arc::from(text))
    }

    fn look(&self, file: FileId, look: &mut dyn FnMut(&str)) -> Result<(), ReadError> {
        // Who looks may read another file before they are done.
        let mut bytes = BYTES.take();
        let read = read_into(&mut bytes, &self.path(file)).map(look);
        BYTES.set(bytes);
        read.map_err(|message| ReadError { message })
    }
}

/// Reads a file into a buffer that is as long as it has to be; the text is the beginning of it.
fn read_into<'b>(bytes: &'b mut Vec<u8>, path: &Path) -> Result<&'b str, String> {
    let unreadable = |error: io::Error| format!("cannot be read: {}", words(&error));
    let mut file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err("is a directory, not a file".to_owned());
    }
    if metadata.len() > MAX_BYTES {
        return Err(too_large(metadata.len()));
    }
    // The file may grow while it is read, and some report a length of zero whatever they hold.
    let mut length = 0;
    loop {
        let said = usize::try_from(metadata.len()).unwrap_or(0);
        if bytes.len() <= length.max(said) {
            bytes.resize(2 * length.max(said) + 1, 0);
        }
        match file.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
        if length as u64 > MAX_BYTES {
            return Err(too_large(length as u64));
        }
    }
    std::str::from_utf8(&bytes[..length]).map_err(|error| {
        let at = error.valid_up_to();
        format!("is not valid UTF-8 (byte {at}): save it as UTF-8 or exempt it")
    })
}

/// The words of an OS error without its number, so that the message reads like a sentence.
pub(crate) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_lowercase()
}

fn too_large(length: u64) -> String {
    let mebibytes = length as f64 / f64::from(1 << 20);
    format!("is too large to analyse ({mebibytes:.1} MiB, the limit is 8 MiB): split or exempt it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Arc<str>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.rs");
        std::fs::write(&path, bytes).unwrap();
        read_into(&mut Vec::new(), &path).map(Arc::from)
    }

    #[test]
    fn text_comes_back_whole() {
        assert_eq!(&*read("\u{feff}fn é() {}\r\n".as_bytes()).unwrap(), "\u{feff}fn é() {}\r\n");
        assert_eq!(&*read(b"").unwrap(), "");
    }

    #[test]
    fn a_wrong_byte_is_named() {
        assert!(read(b"fn a\xff() {}").unwrap_err().contains("(byte 4)"));
    }

    #[test]
    fn eight_mebibytes_are_the_limit() {
        let limit = usize::try_from(MAX_BYTES).unwrap();
        assert_eq!(read(&vec![b' '; limit]).unwrap().len(), limit);
        assert!(read(&vec![b' '; limit + 1]).unwrap_err().contains("8 MiB"));
    }

    #[test]
    fn missing_files_and_directories_say_so() {
        let dir = tempfile::tempdir().unwrap();
        let missing = read_into(&mut Vec::new(), &dir.path().join("no.rs")).unwrap_err();
        assert_eq!(missing, "cannot be read: no such file or directory");
        std::fs::create_dir(dir.path().join("x.rs")).unwrap();
        assert!(
            read_into(&mut Vec::new(), &dir.path().join("x.rs")).unwrap_err().contains("directory")
        );
    }
}
