//! Holds figures where they are: they may improve, and then they are held there.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::figures::{Better, Figure};
use crate::support::{self, Update};

const PATH: &str = "fixtures/corpus/ratchet.toml";

const HEAD: &str = "\
# Accuracy on the corpus, measured by `SLOW_TESTS=1 cargo test --test it corpus`.
# Shares of unknown verdicts and of verdicts without a path are upper bounds, all else lower
# bounds. `UPDATE=1` rewrites a bound that was beaten; a worse one needs `UPDATE=force` and a reason
# in the commit.

";

/// Fails when a figure is worse than committed.
pub(crate) fn hold(figures: &[Figure]) {
    let path = support::root().join(PATH);
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let bounds: BTreeMap<String, f64> =
        toml::from_str(&committed).unwrap_or_else(|error| panic!("{PATH}: {error}"));
    let update = Update::from_env();
    if update != Update::No {
        std::fs::write(&path, render(figures, &bounds, update)).unwrap();
    }
    let held = if update == Update::Force { BTreeMap::new() } else { bounds };
    let worse = complaints(figures, &held, update);
    support::assert_none(
        &format!("{PATH}: figures fell (or are new: `UPDATE=1` holds them)"),
        &worse,
    );
}

fn complaints(figures: &[Figure], bounds: &BTreeMap<String, f64>, update: Update) -> Vec<String> {
    let mut complaints = Vec::new();
    for figure in figures {
        let Figure { name, value, counts: (part, whole), .. } = figure;
        match bounds.get(name) {
            Some(&bound) if is_worse(figure, bound) => {
                complaints.push(format!("{name}: {value} ({part} of {whole}), held at {bound}"));
            }
            None if update == Update::No => {
                complaints.push(format!("{name}: {value}, not held yet"));
            }
            _ => {}
        }
    }
    let gone = bounds.keys().filter(|name| !figures.iter().any(|figure| figure.name == **name));
    if update == Update::No {
        complaints.extend(gone.map(|name| format!("{name}: held, and no longer measured")));
    }
    complaints
}

fn is_worse(figure: &Figure, bound: f64) -> bool {
    match figure.better {
        Better::More => figure.value < bound,
        Better::Less => figure.value > bound,
    }
}

fn render(figures: &[Figure], bounds: &BTreeMap<String, f64>, update: Update) -> String {
    let mut text = HEAD.to_owned();
    for figure in figures {
        let held = bounds
            .get(&figure.name)
            .filter(|&&bound| update == Update::Raise && is_worse(figure, bound));
        writeln!(text, "{} = {:?}", figure.name, held.unwrap_or(&figure.value)).unwrap();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(name: &str, value: f64, better: Better) -> Figure {
        Figure { name: name.to_owned(), value, better, counts: (0, 0) }
    }

    #[test]
    fn bounds_only_tighten_unless_forced() {
        let figures = [figure("recall", 0.8, Better::More), figure("unknown", 0.3, Better::Less)];
        let bounds = BTreeMap::from([("recall".to_owned(), 0.9), ("unknown".to_owned(), 0.4)]);
        let raised = render(&figures, &bounds, Update::Raise);
        assert!(raised.ends_with("recall = 0.9\nunknown = 0.3\n"), "{raised}");
        assert!(
            render(&figures, &bounds, Update::Force).ends_with("recall = 0.8\nunknown = 0.3\n")
        );
    }

    #[test]
    fn a_fallen_a_new_and_a_lost_figure_are_complaints() {
        let figures = [figure("recall", 0.8, Better::More), figure("new", 0.3, Better::Less)];
        let bounds = BTreeMap::from([("recall".to_owned(), 0.9), ("lost".to_owned(), 0.4)]);
        assert_eq!(complaints(&figures, &bounds, Update::No).len(), 3);
        assert_eq!(complaints(&figures, &bounds, Update::Raise).len(), 1);
        assert!(complaints(&figures, &BTreeMap::new(), Update::Force).is_empty());
    }
}
