//! What the rooms below tell for the metrics.

use std::borrow::Cow;
use std::sync::Arc;

use crate::authority::{Authority, IssuerView};
use crate::domain::{Clock, Rule};
use crate::guard::{GuardFigure, Notifier, PlanFigure, Plans};
use crate::legacy::tokens;
use crate::outbound::{Outbound, Outbox};
use crate::report::Reports;
use crate::shadow::{BreakerState, BreakerView, Shadow};
use crate::web::{Figure, Figures};

fn of_reports((what, value): (&'static str, u64)) -> Figure {
    Figure {
        name: "reports",
        help: "Reports of a period that were made, could not be made, or were removed by retention",
        label: Some(("what", Cow::Borrowed(what))),
        counts: true,
        value,
    }
}

/// What rollout plans, reports, the guard's notices, the outbound client, its outbox, the authority
/// and the shadow tell.
pub(super) fn figures(
    (plans, reports): (Arc<Plans>, Arc<Reports>),
    outbound: Outbound,
    outbox: Outbox,
    notifier: Notifier,
    authority: Arc<Authority>,
    shadow: Arc<Shadow>,
    clock: Arc<dyn Clock>,
) -> Figures {
    let figure = |name, help, counts, value| Figure { name, help, label: None, counts, value };
    Box::new(move || {
        let refused = |(reason, value)| Figure {
            name: "outbound_refused",
            help: "Calls that did not leave, by reason",
            label: Some(("reason", Cow::Borrowed(reason))),
            counts: true,
            value,
        };
        let would_deny = |(rule, value): (Rule, u64)| Figure {
            name: "policy_would_deny",
            help: "Tokens let in that would be denied if an observed rule were enforced, by rule",
            label: Some(("rule", rule.as_str().into())),
            counts: true,
            value,
        };
        let stats = outbox.stats();
        let waiting = u64::try_from(stats.waiting).unwrap_or(u64::MAX);
        let age = stats.oldest_age.as_secs();
        let (revocations, revocations_age) = outbox.of_purpose(tokens::PARCEL_PREFIX);
        let revocations = u64::try_from(revocations).unwrap_or(u64::MAX);
        let mut all: Vec<Figure> = outbound.counts().all().map(refused).collect();
        all.extend(authority.observed_totals().map(would_deny));
        all.extend([
            figure("outbox_waiting", "Parcels that have not arrived yet", false, waiting),
            figure("outbox_oldest_seconds", "How long the oldest of them has waited", false, age),
            figure(
                "revocations_waiting",
                "Revocations that have not arrived at legacy yet",
                false,
                revocations,
            ),
            figure(
                "revocations_oldest_seconds",
                "How long the oldest of them has waited",
                false,
                revocations_age.as_secs(),
            ),
            figure("outbox_delivered", "Parcels that arrived", true, stats.delivered),
            figure("outbox_expired", "Parcels whose time was over", true, stats.expired),
            figure("outbox_refused", "Parcels the other end does not want", true, stats.refused),
        ]);
        all.extend(reports.counts().map(of_reports));
        all.extend(figures_of_issuers(&authority.issuers(clock.now())));
        all.extend(plans.figures().into_iter().map(of_plan));
        let told = shadow.counts().all();
        all.extend(told.map(|(name, help, value)| figure(name, help, true, value)));
        all.extend(figures_of_breakers(&shadow.breakers()));
        all.extend(notifier.figures().into_iter().map(of_guard));
        all
    })
}

fn of_plan(figure: PlanFigure) -> Figure {
    let PlanFigure { name, help, label, counts, value } = figure;
    Figure { name, help, label: label.map(|(name, value)| (name, value.into())), counts, value }
}

fn of_guard(figure: GuardFigure) -> Figure {
    let GuardFigure { name, help, label, counts, value } = figure;
    Figure { name, help, label: label.map(|(name, value)| (name, value.into())), counts, value }
}

/// How the keys of foreign issuers stand; the figures of a name together.
fn figures_of_issuers(issuers: &[IssuerView]) -> Vec<Figure> {
    let each = |name, help, counts, value: fn(&IssuerView) -> Option<u64>| {
        issuers.iter().filter_map(move |issuer| {
            let label = Some(("issuer", issuer.name.clone().into()));
            Some(Figure { name, help, label, counts, value: value(issuer)? })
        })
    };
    let age = "How old the held keys of a foreign issuer are; none while none are held";
    let failures = "Calls for the keys of a foreign issuer that brought none";
    let usable = "1 while the tokens of a foreign issuer can be decided";
    each("issuer_keys_age_seconds", age, false, |issuer| Some(issuer.age?.as_secs()))
        .chain(each("issuer_keys_usable", usable, false, |issuer| Some(issuer.usable.into())))
        .chain(each("issuer_fetch_failures", failures, true, |issuer| Some(issuer.failures)))
        .collect()
}

/// Where the circuit breakers of SSOT stand; the figures of a name together.
fn figures_of_breakers(breakers: &[BreakerView]) -> Vec<Figure> {
    let each = |name, help, counts, value: fn(&BreakerView) -> u64| {
        breakers.iter().map(move |breaker| {
            let label = Some(("component", breaker.component.to_string().into()));
            Figure { name, help, label, counts, value: value(breaker) }
        })
    };
    let state =
        "Circuit breaker of SSOT: 0 closed, 1 half open, 2 open, where legacy answers at once";
    let opened = "How often the circuit breaker of SSOT has opened";
    each("breaker_state", state, false, |breaker| match breaker.state {
        BreakerState::Closed => 0,
        BreakerState::HalfOpen => 1,
        BreakerState::Open => 2,
    })
    .chain(each("breaker_opened", opened, true, |breaker| breaker.opened))
    .collect()
}
