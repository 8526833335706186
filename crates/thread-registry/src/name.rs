//! Names of threads: the one that people read, and the 15 bytes of it that Linux keeps.

use std::error::Error;
use std::fmt;

/// Bytes that Linux keeps of a thread's name.
const OS_BYTES: usize = 15;

/// Why a name is none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// It is empty, so nobody could find the thread by it.
    Empty,
    /// It holds a NUL byte, which the operating system takes for its end.
    Nul,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a thread needs a name that is not empty",
            Self::Nul => "the name of a thread cannot hold a NUL byte",
        })
    }
}

impl Error for NameError {}

/// Whether a text can name a thread.
pub(crate) fn check(name: &str) -> Result<(), NameError> {
    match name {
        "" => Err(NameError::Empty),
        name if name.contains('\0') => Err(NameError::Nul),
        _ => Ok(()),
    }
}

/// What the operating system is told: whole characters, at most 15 bytes, and of a longer name its start
/// and the number at its end, which is what tells one worker from the next.
pub(crate) fn for_os(name: &str) -> String {
    if name.len() <= OS_BYTES {
        return name.to_owned();
    }
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let mark = name[..name.len() - digits].chars().next_back().filter(|c| "-_:#/. ".contains(*c));
    let mut tail = if digits == 0 { 0 } else { digits + mark.map_or(0, char::len_utf8) };
    if tail > OS_BYTES / 2 {
        tail = 0;
    }
    let mut head = OS_BYTES - tail;
    while !name.is_char_boundary(head) {
        head -= 1;
    }
    format!("{}{}", &name[..head], &name[name.len() - tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_stay() {
        assert_eq!(for_os("net-rx"), "net-rx");
        assert_eq!(for_os("exactly-15-byte"), "exactly-15-byte");
    }

    #[test]
    fn long_names_keep_what_tells_them_apart() {
        assert_eq!(for_os("connection-worker-12"), "connection-w-12");
        assert_eq!(for_os("connection-worker"), "connection-work");
        assert_eq!(for_os("worker-1234567890123456"), "worker-12345678");
    }

    #[test]
    fn characters_stay_whole() {
        let name = for_os("поток-обработки-7");
        assert!(
            name.len() <= OS_BYTES && name.starts_with("поток") && name.ends_with("-7"),
            "{name}"
        );
        assert_eq!(for_os("ééééééééé"), "ééééééé");
    }

    #[test]
    fn names_that_are_none() {
        assert_eq!(check(""), Err(NameError::Empty));
        assert_eq!(check("a\0b"), Err(NameError::Nul));
        assert_eq!(check("net rx"), Ok(()));
    }
}
