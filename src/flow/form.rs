//! Whether the way to a token is one that the types on it have.
//!
//! What `collect`, `unzip`, `?` and their kin make of a handle is taken for what they make of it for types of std, since
//! types are known going forwards or not at all. Where a type that is written on the way says otherwise, a type of the
//! project or of another crate has it in a manner of its own, which may join it.

use super::ends::{Cell, End, EndKind, Home, declared_field};
use super::{Field, Owner, Proj, typing};
use crate::facts::tree::Name;
use crate::model::{Ask, Def, Model, ModuleId, Ty, TyHead, watched};

/// Whether a value of this type has a handle at the end of such a way.
pub(super) fn fits(model: &Model<'_>, handle: &Name, ty: &Ty, way: &[Proj]) -> bool {
    let mut ty = ty.clone();
    for proj in way {
        let content = typing::unlocked(&ty);
        if !matches!(proj, Proj::Field(_) | Proj::Variant(_)) && is_own(model, content) {
            return false;
        }
        ty = match proj {
            Proj::Field(field) => field_of(model, content, field),
            Proj::Inner | Proj::Payload => content.payload(),
            Proj::Error => content.error(),
            Proj::Elem | Proj::Nth(..) | Proj::Current => typing::item(content),
            _ => return true,
        };
    }
    let end = typing::unlocked(&ty);
    !is_own(model, end) || is_handle(model, handle, end)
}

/// An end in a field of which the type has the handle in a manner of its own: nobody can tell who takes it from there.
pub(super) fn settle(model: &Model<'_>, handle: &Name, end: &mut End) {
    if let EndKind::Kept(cell) = &end.kind
        && !fits_in_cell(model, handle, cell)
    {
        end.kind = EndKind::Escaped;
    }
}

/// What the type of a field names in modules that nobody has read, where it could tell.
pub fn unread_in_type(model: &Model<'_>, cell: &Cell) -> Vec<(ModuleId, Name)> {
    let (_, asked) = watched(|| type_of(model, cell));
    asked.iter().filter_map(Ask::in_module).map(|(module, name)| (module, name.clone())).collect()
}

fn fits_in_cell(model: &Model<'_>, handle: &Name, cell: &Cell) -> bool {
    type_of(model, cell).is_none_or(|ty| fits(model, handle, &ty, &cell.proj))
}

fn type_of(model: &Model<'_>, cell: &Cell) -> Option<Ty> {
    let Home::Field(file, item, name) = &cell.home else { return None };
    let item = model.refs_of(*file, *item).next()?;
    let field = declared_field(&model.item(item).kind, name)?;
    let own = Ty::Named(TyHead::Item(item.file, item.item), Some(item.module), Vec::new());
    Some(model.ty(item.module, Some(&own), &[], &field.ty))
}

/// Whether a type has what it is given in a manner of its own. Of a trait nothing is known, but the way says what the
/// value is, and what another crate makes of a type that it is given has that inside.
fn is_own(model: &Model<'_>, ty: &Ty) -> bool {
    match ty {
        Ty::Named(TyHead::Item(..), ..) => !model.is_trait(ty),
        Ty::Named(TyHead::External(path), _, given) => {
            !path.starts_with("std::") && given.is_empty()
        }
        _ => false,
    }
}

/// Whether a type is that of handles, which may be one of the project's.
fn is_handle(model: &Model<'_>, handle: &Name, ty: &Ty) -> bool {
    match model.item_of(ty) {
        Some(item) => model.canonical(&Def::Item(item)).is_some(),
        None => ty.path() == Some(handle),
    }
}

fn field_of(model: &Model<'_>, ty: &Ty, field: &Field) -> Ty {
    match (&field.owner, ty) {
        (Owner::Type(owner), Ty::Named(head, ..)) if owner != head => Ty::Unknown,
        _ => model.field_ty(ty, &field.name),
    }
}
