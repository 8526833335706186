//! Conditions of compilation, kept as written and judged three-valued.
//!
//! Only `test` is known. `any(test, feature = "x")` is therefore not test code, and
//! `all(test, unix)` is: with `test` unset it cannot be compiled whatever the rest is.

/// A `cfg` predicate.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cfg {
    /// No condition.
    #[default]
    Always,
    /// `test`.
    Test,
    /// Anything else, as text without spaces.
    Atom(String),
    /// `all(…)`.
    All(Vec<Cfg>),
    /// `any(…)`.
    Any(Vec<Cfg>),
    /// `not(…)`.
    Not(Box<Cfg>),
}

impl Cfg {
    /// Both conditions.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, cfg) | (cfg, Self::Always) => cfg,
            (Self::All(mut cfgs), cfg) => {
                cfgs.push(cfg);
                Self::All(cfgs)
            }
            (one, two) => Self::All(vec![one, two]),
        }
    }

    /// Whether it holds only when `test` is set.
    pub fn is_test_only(&self) -> bool {
        self.eval(&|atom| if *atom == Self::Test { Some(false) } else { None }) == Some(false)
            && self.mentions_test()
    }

    /// The value under a partial assignment of atoms; `None` when it depends on the rest.
    pub fn eval(&self, known: &dyn Fn(&Self) -> Option<bool>) -> Option<bool> {
        match self {
            Self::Always => Some(true),
            Self::Test | Self::Atom(_) => known(self),
            Self::Not(inner) => inner.eval(known).map(|value| !value),
            Self::All(inner) => fold(inner, known, false),
            Self::Any(inner) => fold(inner, known, true),
        }
    }

    /// Whether nothing under it is ever compiled on a Unix.
    pub fn excludes_unix(&self) -> bool {
        let on_unix = |atom: &Self| match atom {
            Self::Atom(text) => match text.as_str() {
                "unix" | "target_family=\"unix\"" => Some(true),
                "windows" | "target_family=\"windows\"" | "target_os=\"windows\"" => Some(false),
                _ => None,
            },
            _ => None,
        };
        self.eval(&on_unix) == Some(false)
    }

    /// The family of systems that an atom needs, and the one of them if it names one.
    fn system(&self) -> Option<(&str, Option<&str>)> {
        let Self::Atom(text) = self else { return None };
        let value = |key: &str| text.strip_prefix(key)?.strip_prefix("=\"")?.strip_suffix('"');
        match (text.as_str(), value("target_family"), value("target_os")) {
            ("unix" | "windows", ..) => Some((text, None)),
            (_, Some(family), _) => Some((family, None)),
            (_, _, Some("windows")) => Some(("windows", Some("windows"))),
            (
                _,
                _,
                Some(
                    os @ ("linux" | "macos" | "ios" | "android" | "freebsd" | "netbsd" | "openbsd"
                    | "dragonfly" | "solaris" | "illumos"),
                ),
            ) => Some(("unix", Some(os))),
            _ => None,
        }
    }

    /// Whether two atoms never hold at once, as no system is two.
    pub fn excludes(&self, other: &Self) -> bool {
        let (Some((family, os)), Some((other_family, other_os))) = (self.system(), other.system())
        else {
            return false;
        };
        family != other_family || os.zip(other_os).is_some_and(|(one, other)| one != other)
    }

    /// Every atom in it, `test` included.
    pub fn atoms<'cfg>(&'cfg self, found: &mut Vec<&'cfg Self>) {
        match self {
            Self::Always => {}
            Self::Test | Self::Atom(_) => {
                if !found.contains(&self) {
                    found.push(self);
                }
            }
            Self::Not(inner) => inner.atoms(found),
            Self::All(inner) | Self::Any(inner) => inner.iter().for_each(|cfg| cfg.atoms(found)),
        }
    }

    fn mentions_test(&self) -> bool {
        let mut atoms = Vec::new();
        self.atoms(&mut atoms);
        atoms.contains(&&Self::Test)
    }
}

/// `all` and `any` at once: one `decisive` member decides, else all must be known.
fn fold(cfgs: &[Cfg], known: &dyn Fn(&Cfg) -> Option<bool>, decisive: bool) -> Option<bool> {
    let mut result = Some(!decisive);
    for cfg in cfgs {
        match cfg.eval(known) {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_only_is_three_valued() {
        let unix = || Cfg::Atom("unix".to_owned());
        assert!(Cfg::Test.is_test_only());
        assert!(Cfg::All(vec![Cfg::Test, unix()]).is_test_only());
        assert!(!Cfg::Any(vec![Cfg::Test, unix()]).is_test_only());
        assert!(!Cfg::Not(Box::new(Cfg::Test)).is_test_only());
        assert!(!unix().is_test_only());
        assert!(!Cfg::Any(vec![]).is_test_only());
    }
}
