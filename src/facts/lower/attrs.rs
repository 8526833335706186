//! Attributes: conditions of compilation, test markers and module paths.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, MetaList, Token};

use super::super::cfg::Cfg;

/// The conjunction of all `#[cfg(…)]` on an item.
pub(super) fn cfg(attrs: &[Attribute]) -> Cfg {
    let predicates = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::List(list) if list.path.is_ident("cfg") => arguments(list).into_iter().next(),
        _ => None,
    });
    predicates.fold(Cfg::Always, |cfg, predicate| cfg.and(predicate_of(&predicate)))
}

/// Whether an attribute makes a function a test: its last segment is a known test attribute.
pub(super) fn is_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        let last = attr.path().segments.last().map(|segment| segment.ident.to_string());
        last.is_some_and(|last| {
            matches!(
                last.as_str(),
                "test"
                    | "rstest"
                    | "test_case"
                    | "test_matrix"
                    | "case"
                    | "quickcheck"
                    | "wasm_bindgen_test"
                    | "test_log"
                    | "gtest"
                    | "proptest"
                    | "apply"
            ) || last.ends_with("_test")
        })
    })
}

/// Every `path = "…"` of a module, plain or under `cfg_attr`, with its condition.
pub(super) fn module_paths(attrs: &[Attribute]) -> Vec<(Cfg, String)> {
    let mut paths = Vec::new();
    for attr in attrs {
        match &attr.meta {
            Meta::List(list) if list.path.is_ident("cfg_attr") => {
                let mut arguments = arguments(list).into_iter();
                let condition = arguments.next().map_or(Cfg::Always, |meta| predicate_of(&meta));
                paths.extend(
                    arguments
                        .filter_map(|meta| path_value(&meta))
                        .map(|path| (condition.clone(), path)),
                );
            }
            meta => paths.extend(path_value(meta).map(|path| (Cfg::Always, path))),
        }
    }
    paths
}

fn path_value(meta: &Meta) -> Option<String> {
    match meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn arguments(list: &MetaList) -> Vec<Meta> {
    list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        .map(|metas| metas.into_iter().collect())
        .unwrap_or_default()
}

pub(super) fn predicate_of(meta: &Meta) -> Cfg {
    match meta {
        Meta::Path(path) if path.is_ident("test") => Cfg::Test,
        Meta::List(list) if list.path.is_ident("all") => {
            Cfg::All(arguments(list).iter().map(predicate_of).collect())
        }
        Meta::List(list) if list.path.is_ident("any") => {
            Cfg::Any(arguments(list).iter().map(predicate_of).collect())
        }
        Meta::List(list) if list.path.is_ident("not") => {
            let inner = arguments(list).first().map_or(Cfg::Always, predicate_of);
            Cfg::Not(Box::new(inner))
        }
        other => Cfg::Atom(text_of(other)),
    }
}

fn text_of(meta: &Meta) -> String {
    let path = |path: &syn::Path| {
        path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>().join("::")
    };
    match meta {
        Meta::Path(name) => path(name),
        Meta::List(list) => format!("{}({})", path(&list.path), list.tokens),
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                format!("{}={:?}", path(&pair.path), text.value())
            }
            _ => path(&pair.path),
        },
    }
}
