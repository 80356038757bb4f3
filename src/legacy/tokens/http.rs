//! Tokens of a service behind HTTP.

use std::sync::Arc;

use super::Pointers;
use super::body::Values;
use super::reading::{failed, read};
use super::revoking::{Post, Revoker};
use super::settings::{Checked, HttpTokenSettings};
use crate::domain::{
    BoxFuture, Decision, Operation, Outcome, PathError, Revocation, RevocationOutcome, Timestamp,
    TokenPath,
};
use crate::legacy::LegacyError;
use crate::legacy::remote::CallLimits;
use crate::outbound::{Call, Headers, Outbound};

/// Makes tokens by asking endpoints, and takes them back by the outbox.
pub struct HttpTokens {
    outbound: Outbound,
    limits: CallLimits,
    secret_headers: Vec<(String, String)>,
    issue: Option<(Checked, Vec<u16>, Pointers)>,
    refresh: Option<(Checked, Vec<u16>, Pointers)>,
    revoker: Option<Arc<Revoker>>,
}

impl HttpTokens {
    /// Checks the settings; the error is [`LegacyError::Faults`] with all that is wrong.
    pub fn new(
        name: &str,
        settings: HttpTokenSettings,
        outbound: &Outbound,
        post: &Post,
    ) -> Result<Self, LegacyError> {
        let checked = settings.checked(name, outbound)?;
        let revoker = checked
            .revoke
            .map(|(endpoint, landed)| Arc::new(Revoker::new(name, endpoint, landed, post.clone())));
        Ok(Self {
            outbound: outbound.clone(),
            limits: settings.limits,
            secret_headers: checked.secret_headers,
            issue: checked.issue,
            refresh: checked.refresh,
            revoker,
        })
    }

    async fn performed(&self, operation: &Operation, now: Timestamp) -> Result<Outcome, PathError> {
        let (endpoint, values) = match operation {
            Operation::Issue(order) => {
                let email = order.email.as_deref().unwrap_or_default();
                let (subject, permissions) = (order.subject.as_str(), Some(&order.scopes));
                (&self.issue, Values { subject, email, permissions, ..Values::default() })
            }
            Operation::Refresh(order) => {
                (&self.refresh, Values { token: order.token.reveal(), ..Values::default() })
            }
        };
        let Some((endpoint, deny_status, pointers)) = endpoint else {
            return Err(PathError::Unreachable("no endpoint of legacy does this".into()));
        };
        let call = self.call(endpoint, &values)?;
        let answer = self.outbound.send(call).await.map_err(|error| failed(&error))?;
        read(&answer, deny_status, pointers, now)
    }

    fn call(&self, endpoint: &Checked, values: &Values<'_>) -> Result<Call, PathError> {
        let mut headers = Headers::default();
        for (name, value) in endpoint.headers.iter().chain(&self.secret_headers) {
            headers.append(name, value).map_err(|error| failed(&error))?;
        }
        Ok(Call {
            method: endpoint.method,
            url: endpoint.url.clone(),
            headers,
            body: endpoint.body.fill(values).into(),
            timeout: self.limits.timeout(),
            response_bytes_max: self.limits.response_bytes_max,
        })
    }
}

impl std::fmt::Debug for HttpTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HttpTokens(..)")
    }
}

impl TokenPath for HttpTokens {
    fn perform<'a>(
        &'a self,
        operation: &'a Operation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Outcome, PathError>> {
        Box::pin(self.performed(operation, now))
    }

    /// The endpoints have effects: nobody can be asked what they would do.
    fn plan<'a>(
        &'a self,
        _operation: &'a Operation,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Decision>, PathError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn revoke<'a>(
        &'a self,
        revocation: &'a Revocation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<RevocationOutcome, PathError>> {
        Box::pin(async move {
            match &self.revoker {
                Some(revoker) => revoker.revoke(revocation, now).await,
                None => Ok(RevocationOutcome::Unsupported),
            }
        })
    }

    fn owns(&self, _operation: &Operation) -> bool {
        false
    }
}
