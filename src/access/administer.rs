//! Operators come, change and go.

use std::sync::Arc;

use crate::store::Durability;

use super::change::{Change, to_the_end};
use super::house::House;
use super::operators::{OPERATORS_MAX, OperatorRow, check_name, check_not_last};
use super::setup_links::LinkRow;
use super::{AccessError, AccessEvent, Actor, Name, Pass, Permission, Refusal, Role, SetupLink};

/// The actor, if the pass is for managing operators.
fn administrator(pass: &Pass) -> Result<Actor, Refusal> {
    match pass.permission() {
        Permission::Administer => Ok(pass.actor().clone()),
        _ => Err(Refusal::NotPermitted(Permission::Administer)),
    }
}

/// Refuses a token what could make it two people: admins of its making, or their passwords.
fn check_token(actor: &Actor, concerned: &[Role]) -> Result<(), Refusal> {
    match actor {
        Actor::Token(_) if concerned.contains(&Role::Admin) => Err(Refusal::NeedsPerson),
        Actor::Token(_) | Actor::Operator(_) | Actor::Link(_) | Actor::Machine => Ok(()),
    }
}

fn link(house: &House, change: &mut Change, name: Option<Name>) -> Result<SetupLink, AccessError> {
    let expires_at = change.now().plus(house.settings.setup_link);
    let secret = change.make_link(LinkRow { name: name.clone(), expires_at })?;
    Ok(SetupLink { secret, name, expires_at })
}

pub(super) async fn first_link(house: &Arc<House>) -> Result<Option<SetupLink>, AccessError> {
    let house = Arc::clone(house);
    to_the_end(async move {
        let mut change = house.change().await;
        if !change.state().operators.is_empty() {
            return Ok(None);
        }
        let made = link(&house, &mut change, None)?;
        change.commit(Durability::Durable).await?;
        Ok(Some(made))
    })
    .await
}

pub(super) async fn add(
    house: &Arc<House>,
    pass: &Pass,
    name: Name,
    role: Role,
) -> Result<SetupLink, AccessError> {
    let (house, actor) = (Arc::clone(house), administrator(pass)?);
    check_name(&name)?;
    check_token(&actor, &[role])?;
    to_the_end(async move {
        let mut change = house.change().await;
        check_room(&change, &name)?;
        change.put_operator(&name, OperatorRow::new(role, change.now()))?;
        // The link for the first one is worth nothing any more.
        change.remove_links(None)?;
        let made = link(&house, &mut change, Some(name.clone()))?;
        change.tell(&actor, AccessEvent::OperatorAdded { name, role })?;
        change.commit(Durability::Durable).await?;
        Ok(made)
    })
    .await
}

/// Refuses a name that is taken, and one operator too many.
pub(super) fn check_room(change: &Change, name: &Name) -> Result<(), AccessError> {
    let state = change.state();
    if state.operators.contains_key(name) {
        return Err(AccessError::NameTaken(name.clone()));
    }
    if state.operators.len() >= OPERATORS_MAX {
        return Err(AccessError::Full { what: "operators", max: OPERATORS_MAX });
    }
    Ok(())
}

pub(super) async fn new_link(
    house: &Arc<House>,
    pass: &Pass,
    name: &Name,
) -> Result<SetupLink, AccessError> {
    let (house, actor, name) = (Arc::clone(house), administrator(pass)?, name.clone());
    to_the_end(async move {
        let mut change = house.change().await;
        check_token(&actor, &[change.operator(&name)?.role])?;
        if change.operator(&name)?.foreign.is_some() {
            let problem = format!("{name} has no password here: the identity provider signs in");
            return Err(AccessError::Unusable(problem));
        }
        let made = link(&house, &mut change, Some(name.clone()))?;
        change.tell(&actor, AccessEvent::SetupLinkMade { name })?;
        change.commit(Durability::Durable).await?;
        Ok(made)
    })
    .await
}

pub(super) async fn set_role(
    house: &Arc<House>,
    pass: &Pass,
    name: &Name,
    role: Role,
) -> Result<(), AccessError> {
    let (house, actor, name) = (Arc::clone(house), administrator(pass)?, name.clone());
    to_the_end(async move {
        let mut change = house.change().await;
        let mut row = change.operator(&name)?;
        if row.role == role {
            return Ok(());
        }
        check_token(&actor, &[role])?;
        check_not_last(&change.state().operators, &name)?;
        let from = std::mem::replace(&mut row.role, role);
        change.put_operator(&name, row)?;
        change.tell(&actor, AccessEvent::RoleChanged { name, from, to: role })?;
        change.commit(Durability::Durable).await
    })
    .await
}

pub(super) async fn remove(
    house: &Arc<House>,
    pass: &Pass,
    name: &Name,
) -> Result<(), AccessError> {
    let (house, actor, name) = (Arc::clone(house), administrator(pass)?, name.clone());
    to_the_end(async move {
        let mut change = house.change().await;
        change.operator(&name)?;
        check_not_last(&change.state().operators, &name)?;
        change.remove_operator(&name)?;
        change.tell(&actor, AccessEvent::OperatorRemoved { name })?;
        change.commit(Durability::Durable).await
    })
    .await
}
