//! Ways in. Each makes a session with a secret that nobody has seen before, so that none can be
//! planted beforehand.

use std::sync::Arc;

use crate::store::Durability;

use super::administer::check_room;
use super::change::{Change, to_the_end};
use super::house::House;
use super::mark::Mark;
use super::operators::{OperatorRow, check_name};

use super::passwords::{self, Lane};
use super::sessions::{SESSIONS_MAX, SessionRow};
use super::throttle::Tries;
use super::{
    AccessError, AccessEvent, Actor, ForeignIdentity, Name, NewSession, Origin, Refusal, Role,
    Secret, SignInMethod, devices,
};

impl House {
    /// The hash of an operator's password, if he has one.
    fn password_of(&self, name: &Name) -> Option<Arc<str>> {
        let state = self.state.read();
        state.operators.get(name).and_then(|row| row.password.as_deref()).map(Arc::from)
    }

    /// Compares a password at the pace of whoever tries.
    async fn compare(
        &self,
        account: &str,
        hash: Option<Arc<str>>,
        password: &Secret,
        by: Tries<'_>,
    ) -> Result<(), AccessError> {
        let lane = match by {
            Tries::Known(_) => Lane::Known,
            Tries::Stranger(_) => Lane::Strangers,
        };
        // A place first: whoever is sent away for want of one leaves no trace in the pace.
        let place = self.passwords.queue(lane)?;
        let ticket = self.throttle.take(account, by)?;
        match self.passwords.fits(hash, password, place).await {
            Ok(true) => {
                self.throttle.proved(&ticket);
                Ok(())
            }
            Ok(false) => Err(Refusal::WrongPassword.into()),
            Err(problem) => {
                self.throttle.give_back(&ticket);
                Err(problem)
            }
        }
    }

    /// Whose session it is, with its mark and the hash of the owner's password, which is compared
    /// first.
    async fn compare_in_session(
        &self,
        cookie: &str,
        password: &Secret,
    ) -> Result<(Name, Mark, Arc<str>), AccessError> {
        let mark = self.marks.sessions.of(cookie);
        let live = self.live(&mark).ok_or(Refusal::Unknown)?;
        let name = live.row.name.clone();
        let hash = self.password_of(&name).ok_or_else(|| {
            AccessError::Unusable(format!("{name} has no password here: sign in again"))
        })?;
        let by = Tries::Known(&live.id);
        self.compare(name.as_str(), Some(Arc::clone(&hash)), password, by).await?;
        Ok((name, mark, hash))
    }
}

pub(super) async fn sign_in(
    house: &Arc<House>,
    text: &str,
    password: &Secret,
    origin: &Origin<'_>,
) -> Result<NewSession, AccessError> {
    let named = Name::parse(text).and_then(|name| Some((house.password_of(&name)?, name)));
    let now = house.now();
    let by = named.as_ref().zip(origin.device).and_then(|((hash, name), cookie)| {
        devices::known(&house.marks.browsers, name, hash, cookie, now)
    });
    let by = by.map_or(Tries::Stranger(origin.address), Tries::Known);
    let account = account(text);
    let hash = named.as_ref().map(|(hash, _)| Arc::clone(hash));
    house.compare(&account, hash, password, by).await?;
    let (hash, name) = named.ok_or(Refusal::WrongPassword)?;
    let row = SessionRow::new(name.clone(), origin, &house.settings, house.now());
    let house = Arc::clone(house);
    to_the_end(async move {
        let mut change = house.change().await;
        check_unchanged(&change, &name, &hash)?;
        let begun = begin(&house, &mut change, row, SignInMethod::Password)?;
        change.commit(Durability::Durable).await?;
        Ok(begun)
    })
    .await
}

/// One spelling of each name, bounded: what is tried counts against it whoever it is.
fn account(text: &str) -> String {
    text.trim().chars().take(Name::MAX).collect::<String>().to_ascii_lowercase()
}

/// Refuses when the password was changed, or its owner removed, while it was compared.
fn check_unchanged(change: &Change, name: &Name, hash: &str) -> Result<OperatorRow, AccessError> {
    let row = change.operator(name).map_err(|_| Refusal::WrongPassword)?;
    if row.password.as_deref() != Some(hash) {
        return Err(Refusal::WrongPassword.into());
    }
    Ok(row)
}

/// Begins a session; the operator's oldest ends if there are too many.
fn begin(
    house: &House,
    change: &mut Change,
    row: SessionRow,
    how: SignInMethod,
) -> Result<NewSession, AccessError> {
    let (name, expires_at) = (row.name.clone(), row.expires_at);
    let hash = change.password_of(&name);
    let device = hash.map(|hash| devices::make(&house.marks.browsers, &name, &hash, change.now()));
    let address = row.address.clone();
    change.end_oldest_of(&name, SESSIONS_MAX - 1)?;
    let secret = change.begin_session(row)?;
    let event = AccessEvent::SignedIn { name: name.clone(), how, address };
    change.tell(&Actor::Operator(name.clone()), event)?;
    Ok(NewSession { secret, name, expires_at, device })
}

pub(super) async fn set_up(
    house: &Arc<House>,
    secret: &Secret,
    chosen: Option<Name>,
    password: &Secret,
    origin: &Origin<'_>,
) -> Result<NewSession, AccessError> {
    let nameless = || AccessError::Unusable("choose a name".to_owned());
    let name = house.link_for(secret)?.or(chosen).ok_or_else(nameless)?;
    check_name(&name)?;
    passwords::check(&name, password)?;
    let hash = house.passwords.hash(password).await?;
    let row = SessionRow::new(name.clone(), origin, &house.settings, house.now());
    let (house, secret) = (Arc::clone(house), secret.clone());
    to_the_end(async move {
        let mut change = house.change().await;
        let link = change.use_link(&secret)?;
        let mut operator = match link.name {
            Some(_) => change.operator(&name)?,
            None => first(&mut change, &name)?,
        };
        operator.password = Some(hash);
        let begun = renew(&house, &mut change, operator, row, SignInMethod::SetupLink)?;
        change.commit(Durability::Durable).await?;
        Ok(begun)
    })
    .await
}

/// The first operator, if he is that.
fn first(change: &mut Change, name: &Name) -> Result<OperatorRow, AccessError> {
    if !change.state().operators.is_empty() {
        return Err(Refusal::LinkOver.into());
    }
    let (role, actor) = (Role::Admin, Actor::Operator(name.clone()));
    change.tell(&actor, AccessEvent::OperatorAdded { name: name.clone(), role })?;
    Ok(OperatorRow::new(role, change.now()))
}

/// Writes an operator with a new password: all his sessions end, and one begins.
fn renew(
    house: &House,
    change: &mut Change,
    operator: OperatorRow,
    row: SessionRow,
    how: SignInMethod,
) -> Result<NewSession, AccessError> {
    let name = row.name.clone();
    change.put_operator(&name, operator)?;
    change.end_sessions_of(&name)?;
    change.tell(&Actor::Operator(name.clone()), AccessEvent::PasswordSet { name })?;
    begin(house, change, row, how)
}

pub(super) async fn prove(
    house: &Arc<House>,
    cookie: &str,
    password: &Secret,
    origin: &Origin<'_>,
) -> Result<NewSession, AccessError> {
    let (name, old, hash) = house.compare_in_session(cookie, password).await?;
    let row = SessionRow::new(name.clone(), origin, &house.settings, house.now());
    let house = Arc::clone(house);
    to_the_end(async move {
        let mut change = house.change().await;
        check_unchanged(&change, &name, &hash)?;
        check_open(&change, &old)?;
        change.end_session(old)?;
        let begun = begin(&house, &mut change, row, SignInMethod::Password)?;
        change.commit(Durability::Durable).await?;
        Ok(begun)
    })
    .await
}

/// Refuses when the session has been ended meanwhile.
fn check_open(change: &Change, mark: &Mark) -> Result<(), Refusal> {
    let open = change.state().sessions.contains_key(mark);
    if open { Ok(()) } else { Err(Refusal::Unknown) }
}

pub(super) async fn change_password(
    house: &Arc<House>,
    cookie: &str,
    old: &Secret,
    new: &Secret,
    origin: &Origin<'_>,
) -> Result<NewSession, AccessError> {
    let session = house.live(&house.marks.sessions.of(cookie)).ok_or(Refusal::Unknown)?;
    passwords::check(&session.row.name, new)?;
    if old == new {
        return Err(AccessError::BadPassword("is the old one"));
    }
    let (name, mark, old_hash) = house.compare_in_session(cookie, old).await?;
    let hash = house.passwords.hash(new).await?;
    let row = SessionRow::new(name.clone(), origin, &house.settings, house.now());
    let house = Arc::clone(house);
    to_the_end(async move {
        let mut change = house.change().await;
        let mut operator = check_unchanged(&change, &name, &old_hash)?;
        check_open(&change, &mark)?;
        operator.password = Some(hash);
        // A link that was made for the old password must not undo this one.
        change.remove_links(Some(&name))?;
        let begun = renew(&house, &mut change, operator, row, SignInMethod::Password)?;
        change.commit(Durability::Durable).await?;
        Ok(begun)
    })
    .await
}

pub(super) async fn admit_foreign(
    house: &Arc<House>,
    identity: ForeignIdentity,
    origin: &Origin<'_>,
) -> Result<NewSession, AccessError> {
    let ForeignIdentity { name, role, subject } = identity;
    let vouched = house.marks.vouched.of(&subject);
    check_name(&name).map_err(|_| Refusal::ForeignIdentity)?;
    let row = SessionRow::new(name.clone(), origin, &house.settings, house.now());
    let house = Arc::clone(house);
    to_the_end(async move {
        let mut change = house.change().await;
        // One person there is one operator here, whatever he calls himself by now.
        let name = known_as(&change, vouched).unwrap_or(name);
        let row = SessionRow { name: name.clone(), ..row };
        let known = change.state().operators.get(&name).cloned();
        match known {
            Some(known) if known.foreign == Some(vouched) => {
                take_role(&mut change, &name, known, role)?;
            }
            Some(_) => return Err(Refusal::ForeignIdentity.into()),
            None => add_foreign(&mut change, &name, role, vouched)?,
        }
        let begun = begin(&house, &mut change, row, SignInMethod::Provider)?;
        change.commit(Durability::Durable).await?;
        Ok(begun)
    })
    .await
}

/// The operator whom the provider vouches for by this mark.
fn known_as(change: &Change, vouched: Mark) -> Option<Name> {
    let state = change.state();
    let mut known = state.operators.iter().filter(|(_, row)| row.foreign == Some(vouched));
    known.next().map(|(name, _)| name.clone())
}

/// The provider's word counts, also when it leaves no admin: the machine can make another.
fn take_role(
    change: &mut Change,
    name: &Name,
    mut known: OperatorRow,
    role: Role,
) -> Result<(), AccessError> {
    let from = std::mem::replace(&mut known.role, role);
    if from == role {
        return Ok(());
    }
    change.put_operator(name, known)?;
    let event = AccessEvent::RoleChanged { name: name.clone(), from, to: role };
    change.tell(&Actor::Operator(name.clone()), event)
}

fn add_foreign(
    change: &mut Change,
    name: &Name,
    role: Role,
    vouched: Mark,
) -> Result<(), AccessError> {
    check_room(change, name)?;
    let mut row = OperatorRow::new(role, change.now());
    row.foreign = Some(vouched);
    change.put_operator(name, row)?;
    change.remove_links(None)?;
    let event = AccessEvent::OperatorAdded { name: name.clone(), role };
    change.tell(&Actor::Operator(name.clone()), event)
}
