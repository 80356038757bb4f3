//! The running configuration, without its secrets. Read-only: it is changed in its file.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Frame, page};
use crate::web::guard::Signed;
use crate::web::{Rooms, SettingShown, SettingSource};

#[derive(Template)]
#[template(path = "pages/settings.html")]
pub(super) struct SettingsPage {
    pub frame: Frame,
    pub sections: Vec<SectionShown>,
    /// How many somebody has set.
    pub changed: usize,
    pub all: usize,
}

pub(super) struct SectionShown {
    /// Empty for what stands in no section.
    name: String,
    /// An id that an address can name.
    id: String,
    changed: usize,
    settings: Vec<SettingShown>,
}

impl SettingsPage {
    /// Sections in the order of their first setting.
    pub fn new(frame: Frame, settings: &[SettingShown]) -> Self {
        let mut sections: Vec<SectionShown> = Vec::new();
        for setting in settings {
            let is_changed = usize::from(setting.source != SettingSource::Default);
            match sections.iter_mut().find(|section| section.name == setting.section) {
                Some(section) => {
                    section.settings.push(setting.clone());
                    section.changed += is_changed;
                }
                None => sections.push(SectionShown {
                    name: setting.section.clone(),
                    id: format!("s{}", sections.len()),
                    changed: is_changed,
                    settings: vec![setting.clone()],
                }),
            }
        }
        let changed = sections.iter().map(|section| section.changed).sum();
        Self { frame, sections, changed, all: settings.len() }
    }
}

/// `GET /settings`: what the service runs with.
pub async fn settings(State(rooms): State<Arc<Rooms>>, signed: Signed) -> Response {
    let frame = Frame::of(&rooms, &signed, "settings");
    page(StatusCode::OK, &SettingsPage::new(frame, &rooms.settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_stand_in_their_sections_and_those_that_are_set_are_counted() {
        let setting = |section: &str, name: &str, source| SettingShown {
            section: section.to_owned(),
            name: name.to_owned(),
            value: "x".to_owned(),
            source,
        };
        let settings = [
            setting("", "data_dir", SettingSource::File),
            setting("listen", "data", SettingSource::Environment),
            setting("access", "fresh_min", SettingSource::Default),
            setting("listen", "control", SettingSource::Default),
        ];
        let page = SettingsPage::new(Frame::default(), &settings);
        let names: Vec<_> =
            page.sections.iter().map(|one| (&*one.name, one.settings.len())).collect();
        assert_eq!(names, [("", 1), ("listen", 2), ("access", 1)]);
        assert_eq!((page.changed, page.all, page.sections[1].changed), (2, 4, 1));
    }
}
