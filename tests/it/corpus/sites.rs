//! Finds the call site that a claim of the tool is about.
//!
//! The compiler names the column of the called method, the tool may name the start of the
//! expression or of the statement, and a call in a macro body has as many places as the macro has
//! calls. So a claim is matched by line, nearest meaning first, and each site is used once.

use std::collections::{BTreeMap, BTreeSet};

use super::truth::Label;

/// A place that the tool speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Claim {
    /// Crate name.
    pub(crate) package: String,
    /// Path relative to the crate's root.
    pub(crate) file: String,
    /// Line of the primary place.
    pub(crate) line: u32,
    /// Column of it.
    pub(crate) column: u32,
    /// What is claimed: a rule id or an outcome.
    pub(crate) what: String,
}

impl std::fmt::Display for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}:{}:{}", self.package, self.file, self.line, self.column)
    }
}

/// Which claim is about which site.
#[derive(Debug, Default)]
pub(crate) struct Matching {
    /// Claim and site, as indices.
    pub(crate) pairs: Vec<(usize, usize)>,
    /// Claims about no site.
    pub(crate) stray_claims: Vec<usize>,
    /// Sites without a claim.
    pub(crate) silent_sites: Vec<usize>,
}

/// Lines that mean a site, each with how near the meaning is (smaller is nearer).
pub(crate) fn lines_of(label: &Label, with_drops: bool) -> Vec<(u8, String, u32)> {
    let here = |rank, line| (rank, label.file.clone(), line);
    let mut lines = vec![here(0, label.line)];
    lines.extend(label.expr_lines.map(|(first, _)| here(1, first)));
    lines.push(here(2, label.stmt_line));
    lines.extend(label.macro_calls.iter().filter_map(|call| {
        let (file, line) = call.rsplit_once(':')?;
        Some((3, file.to_owned(), line.parse().ok()?))
    }));
    if with_drops {
        lines.extend(label.drop_lines.iter().filter_map(|line| Some(here(4, line.parse().ok()?))));
    }
    lines
}

/// Matches greedily: nearest meaning first, the exact column before another, then in order.
pub(crate) fn matching(claims: &[Claim], sites: &[&Label], with_drops: bool) -> Matching {
    // Crate, file and line; then how near the meaning is, and whose.
    type Places<'a> = BTreeMap<(&'a str, String, u32), Vec<(u8, usize)>>;
    let mut places = Places::new();
    for (site, label) in sites.iter().enumerate() {
        for (rank, file, line) in lines_of(label, with_drops) {
            places.entry((&label.package, file, line)).or_default().push((rank, site));
        }
    }
    let mut candidates = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        let key = (claim.package.as_str(), claim.file.clone(), claim.line);
        for &(rank, site) in places.get(&key).map_or(&[][..], Vec::as_slice) {
            candidates.push((rank, claim.column != sites[site].col, index, site));
        }
    }
    candidates.sort_unstable();
    assign(claims.len(), sites, &candidates)
}

fn assign(claims: usize, sites: &[&Label], candidates: &[(u8, bool, usize, usize)]) -> Matching {
    let mut used_claims = BTreeSet::new();
    let mut used_sites = BTreeSet::new();
    // Further claims about a macro body that already has one: one for each call of the macro.
    let mut repeated = BTreeSet::new();
    let mut matching = Matching::default();
    for &(_, _, claim, site) in candidates {
        if used_claims.contains(&claim) {
            continue;
        }
        if used_sites.insert(site) {
            used_claims.insert(claim);
            matching.pairs.push((claim, site));
        } else if sites[site].in_macro {
            repeated.insert(claim);
        }
    }
    let stray = |claim: &usize| !used_claims.contains(claim) && !repeated.contains(claim);
    matching.stray_claims = (0..claims).filter(stray).collect();
    matching.silent_sites = (0..sites.len()).filter(|site| !used_sites.contains(site)).collect();
    matching
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(line: u32, col: u32) -> Label {
        serde_json::from_value(serde_json::json!({
            "crate": "c", "file": "src/lib.rs", "line": line, "col": col, "api": "std::thread::spawn",
            "in_macro": false, "target_kind": "lib", "expr_lines": [line - 1, line + 2],
            "stmt_line": line - 2, "spelling": "module", "fate": "detached", "drop_lines": ["40"],
        }))
        .unwrap()
    }

    fn claim(line: u32, column: u32) -> Claim {
        Claim { package: "c".into(), file: "src/lib.rs".into(), line, column, what: "r".into() }
    }

    #[test]
    fn each_site_is_used_once_and_the_exact_column_wins() {
        let (first, second) = (label(10, 5), label(10, 30));
        let sites = [&first, &second];
        let found = matching(&[claim(10, 30), claim(10, 5), claim(10, 9)], &sites, false);
        assert_eq!(found.pairs, [(0, 1), (1, 0)]);
        assert_eq!((found.stray_claims, found.silent_sites), (vec![2], vec![]));
    }

    #[test]
    fn statement_and_drop_lines_count_as_the_site() {
        let site = label(10, 5);
        assert_eq!(matching(&[claim(8, 1)], &[&site], false).pairs, [(0, 0)]);
        assert_eq!(matching(&[claim(40, 1)], &[&site], true).pairs, [(0, 0)]);
        assert_eq!(matching(&[claim(40, 1)], &[&site], false).silent_sites, [0]);
    }
}
