//! What an event looks like on the wire, by who writes it.

/// How an event is laid out in a frame. The new way writes one layout; the old ways have eleven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WireShape {
    /// The new way's: an envelope with names of event, run, thread and user, and a payload.
    Target,
    /// An envelope and a payload, with or without the event's name.
    Bridge,
    /// Flat, with marks of a retrying emitter; parameters and results stand in `metadata`.
    Emitter,
    /// What it carries stands in `data`; named by `message_id`.
    Data,
    /// Flat.
    Flat,
    /// A message of the server around it: the event's type stands in `data.event`.
    Wrapped,
    /// Flat, with short names (`agent`, `tool`, `thought`, `response`) and times without a zone.
    Demo,
    /// A payload, with the time in it.
    Example,
    /// Everything but the type stands in `data`, the run included; `args` are parameters.
    Agent,
    /// A payload and nothing else.
    Response,
    /// Flat, with `event` in the place of `type`: from a stream of server-sent events.
    Stream,
    /// A payload that holds the run, and a sender.
    Model,
}

impl WireShape {
    /// Every shape.
    pub const ALL: [Self; 12] = [
        Self::Target,
        Self::Bridge,
        Self::Emitter,
        Self::Data,
        Self::Flat,
        Self::Wrapped,
        Self::Demo,
        Self::Example,
        Self::Agent,
        Self::Response,
        Self::Stream,
        Self::Model,
    ];

    /// The name in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Bridge => "bridge",
            Self::Emitter => "emitter",
            Self::Data => "data",
            Self::Flat => "flat",
            Self::Wrapped => "wrapped",
            Self::Demo => "demo",
            Self::Example => "example",
            Self::Agent => "agent",
            Self::Response => "response",
            Self::Stream => "stream",
            Self::Model => "model",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_reads_back_from_its_name() {
        for shape in WireShape::ALL {
            let quoted = format!("\"{}\"", shape.as_str());
            assert_eq!(serde_json::from_str::<WireShape>(&quoted).ok(), Some(shape));
        }
    }
}
