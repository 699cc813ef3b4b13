//! The table of rights: contract.md section 2, with the readings of section 10.

use onhand::wire::page::Role;

/// Something that needs a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// See stock, events, conflicts and channels.
    See,
    /// Post an event of this type.
    PostEvent(&'a str),
    /// Import a file.
    Import,
    /// Pause, resume or reconcile a channel.
    SteerChannel,
    /// Decide a conflict.
    ResolveConflict,
    /// Take an applied event back.
    ReverseEvent,
    /// Approve or reject a batch that is held.
    ApproveBatch,
    /// Manage users, tokens, channels, secrets and settings, and read the audit log.
    Administer,
}

impl Action<'_> {
    /// The action's name in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::PostEvent(_) => "post_event",
            Self::Import => "import",
            Self::SteerChannel => "steer_channel",
            Self::ResolveConflict => "resolve_conflict",
            Self::ReverseEvent => "reverse_event",
            Self::ApproveBatch => "approve_batch",
            Self::Administer => "administer",
        }
    }

    /// The least role that may do it. The roles are ordered: each may do what those before it may.
    const fn needs(self) -> Role {
        match self {
            Self::See => Role::Viewer,
            Self::PostEvent(event_type) => needed_to_post(event_type),
            Self::Import | Self::SteerChannel => Role::Operator,
            Self::ResolveConflict | Self::ReverseEvent | Self::ApproveBatch => Role::Manager,
            Self::Administer => Role::Admin,
        }
    }
}

/// The least role that may post an event of this type; also of one that does not exist.
const fn needed_to_post(event_type: &str) -> Role {
    match event_type.as_bytes() {
        b"stock.adjusted" | b"stock.received" | b"stock.counted" | b"stock.moved"
        | b"stock.set" | b"transfer.shipped" | b"transfer.received" => Role::Warehouse,
        b"event.reversed" => Role::Manager,
        _ => Role::Operator,
    }
}

/// A role that does not suffice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} needs the role {needed} or above; yours is {role}", needed = needed.as_str(), role = role.as_str())]
pub struct Forbidden {
    what: String,
    needed: Role,
    role: Role,
}

/// Whether somebody of this role may do this. The one place where that is decided.
pub fn authorise(role: Role, action: Action<'_>) -> Result<(), Forbidden> {
    let needed = action.needs();
    if role >= needed {
        return Ok(());
    }
    let what = match action {
        Action::See => "Seeing this".to_owned(),
        Action::PostEvent(event_type) => {
            // The type may be anything that somebody sent.
            format!("Posting {:?}", event_type.chars().take(64).collect::<String>())
        }
        Action::Import => "Importing".to_owned(),
        Action::SteerChannel => "Pausing and resuming channels".to_owned(),
        Action::ResolveConflict => "Resolving conflicts".to_owned(),
        Action::ReverseEvent => "Reversing events".to_owned(),
        Action::ApproveBatch => "Approving batches".to_owned(),
        Action::Administer => "Managing users, tokens, channels, secrets and settings".to_owned(),
    };
    Err(Forbidden { what, needed, role })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_may_do_what_the_contract_says_and_nothing_else() {
        // viewer, warehouse, operator, manager, admin
        let table = [
            (Action::See, "xxxxx"),
            (Action::PostEvent("stock.adjusted"), ".xxxx"),
            (Action::PostEvent("stock.received"), ".xxxx"),
            (Action::PostEvent("stock.counted"), ".xxxx"),
            (Action::PostEvent("stock.moved"), ".xxxx"),
            (Action::PostEvent("stock.set"), ".xxxx"),
            (Action::PostEvent("transfer.shipped"), ".xxxx"),
            (Action::PostEvent("transfer.received"), ".xxxx"),
            (Action::PostEvent("item.upserted"), "..xxx"),
            (Action::PostEvent("location.upserted"), "..xxx"),
            (Action::PostEvent("order.placed"), "..xxx"),
            (Action::PostEvent("order.amended"), "..xxx"),
            (Action::PostEvent("order.cancelled"), "..xxx"),
            (Action::PostEvent("order.fulfilled"), "..xxx"),
            (Action::PostEvent("order.returned"), "..xxx"),
            (Action::PostEvent("reservation.placed"), "..xxx"),
            (Action::PostEvent("reservation.released"), "..xxx"),
            (Action::PostEvent("reservation.confirmed"), "..xxx"),
            (Action::PostEvent("channel.level_reported"), "..xxx"),
            (Action::PostEvent("event.reversed"), "...xx"),
            (Action::PostEvent("no.such.type"), "..xxx"),
            (Action::PostEvent(""), "..xxx"),
            (Action::Import, "..xxx"),
            (Action::SteerChannel, "..xxx"),
            (Action::ResolveConflict, "...xx"),
            (Action::ReverseEvent, "...xx"),
            (Action::ApproveBatch, "...xx"),
            (Action::Administer, "....x"),
        ];
        for (action, rights) in table {
            let found: String = Role::ALL
                .into_iter()
                .map(|role| if authorise(role, action).is_ok() { 'x' } else { '.' })
                .collect();
            assert_eq!(found, rights, "{action:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_needed() {
        let refusal = authorise(Role::Viewer, Action::PostEvent("stock.set")).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "Posting \"stock.set\" needs the role warehouse or above; yours is viewer"
        );
    }
}
