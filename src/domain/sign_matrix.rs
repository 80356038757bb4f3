//! Whether each side lets in what the other has signed. Whoever must be able to roll back needs
//! to know: tokens that SSOT has signed are still out there then, and legacy decides about them.

use serde::{Deserialize, Serialize};

use super::{ComponentId, Side, Timestamp, TokenType};

/// Every kind of token, signed by each side and shown to each side, at every component that
/// decides about tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignMatrix {
    /// When it was judged.
    pub at: Timestamp,
    /// What was seen, by component, kind, and sides.
    pub cells: Vec<SignCell>,
}

/// A token of one kind, signed by one side and shown to one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignCell {
    /// Where it was shown.
    pub component: ComponentId,
    /// What kind of token it was.
    pub kind: TokenType,
    /// Who signed it.
    pub signs: Side,
    /// Who was asked about it.
    pub verifies: Side,
    /// What came of it.
    #[serde(flatten)]
    pub seen: SignSeen,
}

/// What came of showing a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum SignSeen {
    /// It was let in.
    LetIn,
    /// It was refused.
    Refused {
        /// Why, by the code of the reason.
        reason: String,
    },
    /// It could not be seen.
    NotSeen {
        /// Why not.
        why: String,
    },
}

impl SignSeen {
    /// The machine-readable name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::LetIn => "let_in",
            Self::Refused { .. } => "refused",
            Self::NotSeen { .. } => "not_seen",
        }
    }
}

impl SignMatrix {
    /// What was seen in one cell.
    pub fn seen(
        &self,
        component: &ComponentId,
        kind: TokenType,
        (signs, verifies): (Side, Side),
    ) -> Option<&SignSeen> {
        let is_it = |cell: &&SignCell| {
            cell.component == *component
                && cell.kind == kind
                && cell.signs == signs
                && cell.verifies == verifies
        };
        self.cells.iter().find(is_it).map(|cell| &cell.seen)
    }

    /// The components, each once, in their order.
    pub fn components(&self) -> Vec<&ComponentId> {
        let mut all: Vec<&ComponentId> = self.cells.iter().map(|cell| &cell.component).collect();
        all.dedup();
        all
    }

    /// The cells by which a rollback would sign people out: legacy refuses what SSOT has signed,
    /// and lets in what it has signed itself. A door that refuses a kind whoever signed it, such as
    /// one that is not for refresh tokens, says nothing; an access token it must let in.
    pub fn red(&self) -> impl Iterator<Item = &SignCell> {
        let legacy = Side::Legacy;
        self.cells.iter().filter(move |cell| {
            let refused = matches!(cell.seen, SignSeen::Refused { .. });
            let crosses = cell.signs == Side::Ssot && cell.verifies == legacy;
            let own = self.seen(&cell.component, cell.kind, (legacy, legacy));
            let meant = match own {
                Some(SignSeen::LetIn) => true,
                Some(SignSeen::Refused { .. }) => false,
                Some(SignSeen::NotSeen { .. }) | None => cell.kind == TokenType::Access,
            };
            crosses && refused && meant
        })
    }

    /// Why a component that decides about tokens cannot go back without signing people out, in
    /// words; `None` where nothing of that was seen.
    pub fn signs_out_at(&self, component: &ComponentId) -> Option<String> {
        self.told(self.red().filter(|cell| cell.component == *component))
    }

    /// The same of tokens that are made, wherever they are shown.
    pub fn signs_out(&self) -> Option<String> {
        self.told(self.red())
    }

    fn told<'c>(&self, cells: impl Iterator<Item = &'c SignCell>) -> Option<String> {
        let cells: Vec<String> = cells
            .map(|cell| {
                let reason = match &cell.seen {
                    SignSeen::Refused { reason } => reason,
                    SignSeen::LetIn | SignSeen::NotSeen { .. } => "",
                };
                format!("{} at {} ({reason})", cell.kind.as_str(), cell.component)
            })
            .collect();
        let listed = cells.join(", ");
        let told = || {
            format!(
                "legacy refuses what ssot signs: {listed}, seen {}: a rollback would sign these \
                 people out",
                self.at
            )
        };
        (!cells.is_empty()).then(told)
    }

    /// True where it was seen that legacy lets in access tokens that SSOT has signed.
    pub fn is_green_at(&self, component: &ComponentId) -> bool {
        let seen = self.seen(component, TokenType::Access, (Side::Ssot, Side::Legacy));
        seen == Some(&SignSeen::LetIn) && self.signs_out_at(component).is_none()
    }

    /// The same wherever tokens are shown; never where they are shown nowhere.
    pub fn is_green(&self) -> bool {
        let mut components = self.components().into_iter().peekable();
        components.peek().is_some() && components.all(|component| self.is_green_at(component))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDES: [(Side, Side); 4] = [
        (Side::Legacy, Side::Legacy),
        (Side::Legacy, Side::Ssot),
        (Side::Ssot, Side::Legacy),
        (Side::Ssot, Side::Ssot),
    ];

    fn id(text: &str) -> ComponentId {
        ComponentId::parse(text).expect("an id")
    }

    fn refused() -> SignSeen {
        SignSeen::Refused { reason: "signature".to_owned() }
    }

    fn not_seen() -> SignSeen {
        SignSeen::NotSeen { why: "legacy makes none".to_owned() }
    }

    /// `own` of legacy's own, `crossing` of what SSOT signs and legacy is shown.
    fn cells(name: &str, kind: TokenType, own: &SignSeen, crossing: &SignSeen) -> Vec<SignCell> {
        let cell = |(signs, verifies)| SignCell {
            component: id(name),
            kind,
            signs,
            verifies,
            seen: match (signs, verifies) {
                (Side::Legacy, Side::Legacy) => own.clone(),
                (Side::Ssot, Side::Legacy) => crossing.clone(),
                (Side::Legacy | Side::Ssot, Side::Ssot) => SignSeen::LetIn,
            },
        };
        SIDES.into_iter().map(cell).collect()
    }

    fn matrix(parts: &[Vec<SignCell>]) -> SignMatrix {
        SignMatrix { at: Timestamp::from_seconds(7), cells: parts.concat() }
    }

    #[test]
    fn what_legacy_refuses_of_ssot_s_and_lets_in_of_its_own_would_sign_people_out() {
        let good = SignSeen::LetIn;
        let fine = matrix(&[cells("a", TokenType::Access, &good, &good)]);
        assert!(fine.is_green() && fine.signs_out().is_none());
        let red = matrix(&[
            cells("a", TokenType::Access, &good, &good),
            cells("b", TokenType::Access, &good, &refused()),
        ]);
        assert!(!red.is_green() && red.is_green_at(&id("a")));
        assert_eq!(red.signs_out_at(&id("a")), None);
        let told = red.signs_out_at(&id("b")).expect("red");
        assert!(told.contains("access at b (signature)"), "{told}");
        assert_eq!(red.signs_out().as_ref(), Some(&told));
    }

    #[test]
    fn a_door_that_refuses_a_kind_whoever_signed_it_says_nothing() {
        let (good, bad) = (SignSeen::LetIn, refused());
        let of = |kind, own: &SignSeen| {
            let access = cells("a", TokenType::Access, &good, &good);
            matrix(&[access, cells("a", kind, own, &bad)]).signs_out().is_some()
        };
        assert!(!of(TokenType::Refresh, &bad) && of(TokenType::Refresh, &good));
        assert!(!of(TokenType::Service, &not_seen()), "legacy makes none to compare with");
        let access = matrix(&[cells("a", TokenType::Access, &not_seen(), &bad)]);
        assert!(access.signs_out().is_some(), "an access token it must let in");
    }

    #[test]
    fn what_was_not_seen_is_neither_red_nor_green() {
        let unseen = matrix(&[cells("a", TokenType::Access, &not_seen(), &not_seen())]);
        assert!(unseen.signs_out().is_none() && !unseen.is_green());
        let nothing = matrix(&[]);
        assert!(nothing.signs_out().is_none() && !nothing.is_green());
    }
}
