//! How a session begins, and its pairs of tokens.

use crate::domain::{
    Fingerprint, Grant, IssueOrder, Outcome, Performed, Reason, Scopes, Subject, Timestamp,
    TokenForm, TokenType,
};

use super::families::Turnstile;
use super::family::{FamilyRow, FirstUse, Holder};
use super::family_id::FamilyId;
use super::issue::NewToken;
use super::{Authority, AuthorityError};

/// For whom a session begins.
pub(super) struct Beginning<'b> {
    pub(super) subject: &'b Subject,
    pub(super) scopes: &'b Scopes,
    pub(super) email: Option<&'b str>,
    pub(super) client: Option<&'b str>,
    pub(super) form: TokenForm,
}

/// A session that is to be kept.
pub(super) struct NewFamily {
    pub(super) id: FamilyId,
    pub(super) holder: Holder,
    pub(super) row: FamilyRow,
}

impl Authority {
    /// Begins a session: an access token and its first refresh token, the session on the disk.
    pub(super) async fn begin(
        &self,
        order: &IssueOrder,
        now: Timestamp,
    ) -> Result<Outcome, AuthorityError> {
        if let Err(reason) = self.can_begin(order) {
            return Ok(Outcome::Denied(reason));
        }
        let beginning = Beginning {
            subject: &order.subject,
            scopes: &order.scopes,
            email: order.email.as_deref(),
            client: order.client.as_deref(),
            form: order.form,
        };
        let new = self.new_family(&beginning, now)?;
        self.keep(&new, None, None, now).await?;
        let pair = self.pair(&new.id, &new.row, &new.holder, &order.scopes, now)?;
        Ok(Outcome::Done(pair))
    }

    /// What [`Authority::begin`] would grant.
    pub(super) fn would_begin(&self, order: &IssueOrder, now: Timestamp) -> Result<Grant, Reason> {
        self.can_begin(order)?;
        let issued_at_s = self.dated_s(&order.subject, now);
        let ends_at_s = now.seconds().saturating_add(self.settings.family_lifetime_s.into());
        let wording = self.settings.wording(order.form, TokenType::Access);
        let expires_at_s = issued_at_s.saturating_add(wording.lifetime_s.into()).min(ends_at_s);
        let email = order.email.as_deref();
        Ok(granted(order.subject.clone(), order.scopes.clone(), email, expires_at_s))
    }

    fn can_begin(&self, order: &IssueOrder) -> Result<(), Reason> {
        let fits = self.is_own_subject(order.subject.as_str());
        if fits { Ok(()) } else { Err(Reason::ClaimType("sub")) }
    }

    pub(super) fn new_family(
        &self,
        beginning: &Beginning<'_>,
        now: Timestamp,
    ) -> Result<NewFamily, AuthorityError> {
        let ends_at_s = now.seconds().saturating_add(self.settings.family_lifetime_s.into());
        let rotated_at_s = self.dated_s(beginning.subject, now);
        let id = FamilyId::random(ends_at_s);
        let holder = Holder::new(rand::random(), beginning.subject, beginning.email);
        let row = FamilyRow {
            sealed: self.families.seal(&id, &holder)?,
            scopes: beginning.scopes.names().to_vec(),
            client: beginning.client.map(Into::into),
            made_at: now,
            ends_at_s,
            generation: 1,
            rotated_at_s,
            refresh_ends_at_s: self.refresh_end_s(beginning.form, rotated_at_s, ends_at_s),
            compatible: is_compatible(beginning.form),
            first_use: None,
        };
        Ok(NewFamily { id, holder, row })
    }

    /// Keeps a new session; a full house makes room from what is over.
    pub(super) async fn keep(
        &self,
        new: &NewFamily,
        adopted: Option<(Fingerprint, Timestamp)>,
        turnstile: Option<Turnstile>,
        now: Timestamp,
    ) -> Result<(), AuthorityError> {
        if self.families.is_full() {
            self.families.purge(self.over_before(now)).await?;
        }
        self.families.add(&new.id, &new.row, adopted, turnstile).await
    }

    fn refresh_end_s(&self, form: TokenForm, issued_at_s: i64, ends_at_s: i64) -> i64 {
        let lifetime_s = self.settings.wording(form, TokenType::Refresh).lifetime_s;
        issued_at_s.saturating_add(lifetime_s.into()).min(ends_at_s)
    }

    /// The session after one more refresh token was used.
    pub(super) fn advanced(
        &self,
        row: &FamilyRow,
        form: TokenForm,
        first_use: FirstUse,
        now: Timestamp,
    ) -> FamilyRow {
        // Never earlier than the one before, which may be dated to the next second.
        let rotated_at_s = now.seconds().max(row.rotated_at_s);
        FamilyRow {
            generation: row.generation.saturating_add(1),
            rotated_at_s,
            refresh_ends_at_s: self.refresh_end_s(form, rotated_at_s, row.ends_at_s),
            compatible: is_compatible(form),
            first_use: Some(first_use),
            ..row.clone()
        }
    }

    /// The refresh token that a session waits for, and an access token to go with it. The first
    /// is the same each time, but for its signature.
    pub(super) fn pair(
        &self,
        id: &FamilyId,
        row: &FamilyRow,
        holder: &Holder,
        scopes: &Scopes,
        now: Timestamp,
    ) -> Result<Performed, AuthorityError> {
        let subject = holder.subject().ok_or(AuthorityError::FamilyUnreadable)?;
        let token_id = holder.token_id(row.generation).ok_or(AuthorityError::FamilyUnreadable)?;
        let (form, granted_scopes) = (form_of(row), row.scopes());
        let worded = |kind, scopes| {
            let wording = self.settings.wording(form, kind);
            let email_always = wording.email_always.then_some("");
            NewToken {
                ends_at_s: row.ends_at_s,
                email: holder.email.as_deref().or(email_always),
                client_id: row.client.as_deref(),
                family: Some(id.as_str()),
                ..NewToken::worded(wording, kind, &subject, scopes)
            }
        };
        let access = NewToken {
            issued_at_s: Some(now.seconds().max(row.rotated_at_s)),
            ..worded(TokenType::Access, scopes)
        };
        let refresh = NewToken {
            issued_at_s: Some(row.rotated_at_s),
            // As it was reckoned when it was reached, whatever the settings say since.
            lifetime_s: u32::MAX,
            ends_at_s: row.refresh_ends_at_s,
            token_id: Some(&token_id),
            generation: Some(row.generation),
            ..worded(TokenType::Refresh, &granted_scopes)
        };
        let access = self.mint(&access, now)?;
        let refresh = self.mint(&refresh, now)?;
        let expires_at_s = access.expires_at.seconds();
        Ok(Performed {
            access: access.token,
            refresh: Some(refresh.token),
            expires_in_s: access.expires_at.since(now).as_secs(),
            grant: granted(subject, scopes.clone(), holder.email.as_deref(), expires_at_s),
        })
    }

    /// When an access token would end that is issued to go with this row.
    pub(super) fn access_end_s(&self, row: &FamilyRow, now: Timestamp) -> i64 {
        let lifetime_s = self.settings.wording(form_of(row), TokenType::Access).lifetime_s;
        let issued_at_s = now.seconds().max(row.rotated_at_s);
        issued_at_s.saturating_add(lifetime_s.into()).min(row.ends_at_s)
    }
}

pub(super) fn granted(
    subject: Subject,
    scopes: Scopes,
    email: Option<&str>,
    expires_at_s: i64,
) -> Grant {
    Grant {
        subject: Some(subject),
        scopes: Some(scopes),
        token_type: Some(TokenType::Access),
        expires_at: Some(Timestamp::from_seconds(expires_at_s)),
        email: Some(email.unwrap_or_default().into()),
    }
}

const fn is_compatible(form: TokenForm) -> bool {
    match form {
        TokenForm::Compatible => true,
        TokenForm::Own => false,
    }
}

const fn form_of(row: &FamilyRow) -> TokenForm {
    if row.compatible { TokenForm::Compatible } else { TokenForm::Own }
}
