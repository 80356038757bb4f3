//! What one person began and another finishes: whoever began it must still have the right to it.

use super::{Access, AccessError, Actor, Approved, Caller, LinkAction};
use super::{OperatorView, Permission, Secret};
use crate::domain::Timestamp;

/// Something that an actor began and somebody else is about to finish.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun<'a> {
    /// Who began it.
    pub by: &'a Actor,
    /// What he needed for it.
    pub permission: Permission,
    /// When. Whoever was given this name later is somebody else.
    pub at: Timestamp,
}

impl Access {
    /// Uses an action link up, durably; only then may what it does begin. A link ends early when
    /// its maker is removed or revoked, or may no longer do himself what it does.
    ///
    /// The caller for [`LinkAction::Approve`] may do nothing but read: it is the second person's
    /// own session that [`Access::approve`] wants.
    pub async fn take_link(&self, secret: &Secret) -> Result<(Caller, LinkAction), AccessError> {
        self.links.take(secret, |begun| self.still_may(begun)).await
    }

    /// Approves what another person has asked for, once and durably; only then may it be done.
    /// The caller is a person who may [`Permission::Force`] and has just proved who he is; the
    /// one who asked must still be an operator who may.
    pub async fn approve(&self, caller: &Caller, id: &str) -> Result<Approved, AccessError> {
        self.approvals.approve(caller, id, |begun| self.still_may(begun)).await
    }

    fn still_may(&self, begun: Begun<'_>) -> bool {
        match begun.by {
            Actor::Operator(name) => {
                let all = self.people.list();
                all.iter().any(|operator| operator.name == *name && may(operator, begun))
            }
            Actor::Token(name) => self.tokens.still_may(name, begun.permission, begun.at),
            Actor::Link(_) | Actor::Machine => false,
        }
    }
}

fn may(operator: &OperatorView, begun: Begun<'_>) -> bool {
    operator.role.may(begun.permission) && is_by(operator.added_at, begun.at)
}

/// True when `earlier` is not after `later`, to the millisecond that rows are kept to.
pub(super) fn is_by(earlier: Timestamp, later: Timestamp) -> bool {
    earlier.micros().div_euclid(1000) <= later.micros().div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::access::desk::{Desk, name};
    use crate::access::{ForeignIdentity, Origin, Refusal, Role};

    /// Lets the identity provider vouch for somebody.
    async fn signed_in(access: &Access, who: &str, role: Role) -> Caller {
        let address = "192.0.2.1".parse().expect("an address");
        let origin = Origin { address, agent: "test", device: None };
        let identity = ForeignIdentity { name: name(who), role, subject: who.to_owned() };
        let session = access.people.admit_foreign(identity, &origin).await.expect("admitted");
        access.people.session(session.secret.reveal()).expect("a session").caller
    }

    async fn removed(access: &Access, desk: &Desk, who: &str) {
        let boss = signed_in(access, "boss", Role::Admin).await;
        let pass = boss.permit(Permission::Administer, desk.now()).expect("a pass");
        access.people.remove(&pass, &name(who)).await.expect("removed");
    }

    async fn link(access: &Access, who: &str) -> Secret {
        let maker = signed_in(access, who, Role::Operator).await;
        let action = LinkAction::Hold { component: "http-auth".to_owned() };
        access.links.make(&maker, action, None).await.expect("a link").secret
    }

    #[expect(clippy::needless_pass_by_value, reason = "it takes what was just answered")]
    fn is_over<T>(result: Result<T, AccessError>) -> bool {
        matches!(result, Err(AccessError::Refused(Refusal::LinkOver) | AccessError::ProposalOver))
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_is_over_while_the_role_of_its_maker_is_lowered() {
        let desk = Desk::new();
        let access = desk.access().await;
        let secret = link(&access, "ada").await;
        signed_in(&access, "ada", Role::Viewer).await;
        assert!(is_over(access.take_link(&secret).await));
        signed_in(&access, "ada", Role::Operator).await;
        access.take_link(&secret).await.expect("taken");
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_is_over_when_its_maker_is_removed_even_if_another_takes_his_name() {
        let desk = Desk::new();
        let access = desk.access().await;
        let secret = link(&access, "ada").await;
        removed(&access, &desk, "ada").await;
        assert!(is_over(access.take_link(&secret).await));
        tokio::time::advance(Duration::from_secs(1)).await;
        signed_in(&access, "ada", Role::Admin).await;
        assert!(is_over(access.take_link(&secret).await));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_approved_only_while_whoever_asked_is_still_an_admin() {
        let desk = Desk::new();
        let access = desk.access().await;
        let ada = signed_in(&access, "ada", Role::Admin).await;
        let bob = signed_in(&access, "bob", Role::Admin).await;
        let ask = async || {
            let text = "complete http-auth".to_owned();
            let what = serde_json::Value::Null;
            access.approvals.ask(&ada, text, what, String::new()).await.expect("asked").id
        };
        let (first, second) = (ask().await, ask().await);
        let approved = access.approve(&bob, &first).await.expect("approved");
        assert_eq!(approved.approved_by, name("bob"));
        removed(&access, &desk, "ada").await;
        assert!(is_over(access.approve(&bob, &second).await));
    }

    #[tokio::test(start_paused = true)]
    async fn the_whole_room_is_purged() {
        let desk = Desk::new();
        let access = desk.access().await;
        let secret = link(&access, "ada").await;
        tokio::time::advance(desk.settings.action_link).await;
        access.purge().await.expect("purged");
        assert!(is_over(access.take_link(&secret).await));
    }

    #[test]
    fn moments_are_compared_as_rows_keep_them() {
        let at = Timestamp::from_micros;
        assert!(is_by(at(5_900), at(5_000)) && !is_by(at(6_000), at(5_999)));
    }
}
