//! Types whose values are nothing but data.

use super::{Model, Ty, TyHead};
use crate::facts::tree::{Field, ItemKind};

/// The language's own types that need no import, and the text that std's prelude names.
pub(super) fn is_plain(name: &str) -> bool {
    let is_sized = |kinds: &[char]| {
        name.strip_prefix(kinds)
            .is_some_and(|size| matches!(size, "8" | "16" | "32" | "64" | "128" | "size"))
    };
    matches!(name, "bool" | "char" | "str" | "String" | "f32" | "f64") || is_sized(&['u', 'i'])
}

/// Types of std whose values say the same as long as nobody changes them.
const DATA: &[&str] = &[
    "Option",
    "Result",
    "Vec",
    "VecDeque",
    "HashMap",
    "HashSet",
    "BTreeMap",
    "BTreeSet",
    "Box",
    "Cow",
    "Duration",
    "Path",
    "PathBuf",
    "OsStr",
    "OsString",
    "Ipv4Addr",
    "Ipv6Addr",
    "IpAddr",
    "SocketAddr",
    "Range",
    "RangeInclusive",
    "Ordering",
];

/// Types in types that are looked at.
const MAX_DATA: usize = 6;

impl Model<'_> {
    /// Whether a value of a type is nothing but data: what is asked of it, it answers the same each time, as long as
    /// nobody changes it. So it is no iterator and no channel, and has no cell, lock or handle in it.
    pub fn is_data(&self, ty: &Ty) -> bool {
        self.is_data_within(ty, MAX_DATA)
    }

    fn is_data_within(&self, ty: &Ty, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let all = |parts: &[Ty]| parts.iter().all(|part| self.is_data_within(part, depth));
        match ty {
            Ty::Reference(inner) | Ty::Slice(inner, _) => self.is_data_within(inner, depth),
            Ty::Tuple(parts) => all(parts),
            Ty::Named(TyHead::External(path), _, args) => {
                let last = path.rsplit("::").next().unwrap_or(path);
                (is_plain(last) || (DATA.contains(&last) && path.contains("::"))) && all(args)
            }
            Ty::Named(TyHead::Item(..), ..) => {
                let Some(item) = self.item_of(ty) else { return false };
                let own = |fields: &[Field]| {
                    let ty = |field: &Field| self.ty(item.module, None, &[], &field.ty);
                    fields.iter().all(|field| self.is_data_within(&ty(field), depth))
                };
                match &self.item(item).kind {
                    ItemKind::Struct(fields) => own(fields),
                    ItemKind::Enum(variants) => variants.iter().all(|variant| own(&variant.fields)),
                    _ => false,
                }
            }
            Ty::Unknown | Ty::Never => false,
        }
    }
}
