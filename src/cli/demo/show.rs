//! Where the story is shown: a terminal, plain lines, or JSON lines.

use super::ending::Ending;
use super::lines;
use super::screen::Screen;
use super::story::Scene;

/// How the story is shown.
pub enum Show {
    /// A table that is redrawn in place.
    Screen(Screen),
    /// A line a second and a step, for people; the second that was shown last.
    Lines(u64),
    /// The same for machines, as JSON.
    Json(u64),
}

impl Show {
    /// An act begins.
    pub fn act(&mut self, scene: &Scene, number: usize) {
        match self {
            Self::Screen(screen) => screen.draw(scene),
            Self::Lines(_) => lines::act(scene, number),
            Self::Json(_) => lines::json_act(scene, number),
        }
    }

    /// The numbers have been read again.
    pub fn look(&mut self, scene: &Scene) {
        let second = scene.elapsed.as_secs();
        match self {
            Self::Screen(screen) => screen.draw(scene),
            Self::Lines(shown) => {
                if std::mem::replace(shown, second) != second {
                    lines::second(scene);
                }
            }
            Self::Json(shown) => {
                if std::mem::replace(shown, second) != second {
                    lines::json_second(scene);
                }
            }
        }
    }

    /// The story is over, or was broken off.
    pub fn end(&mut self, scene: &Scene, ending: &Ending) {
        match self {
            Self::Screen(screen) => {
                screen.draw(scene);
                screen.leave();
                ending.print();
            }
            Self::Lines(_) => ending.print(),
            Self::Json(_) => ending.print_json(),
        }
    }

    /// True when people read it.
    pub const fn is_for_people(&self) -> bool {
        match self {
            Self::Screen(_) | Self::Lines(_) => true,
            Self::Json(_) => false,
        }
    }
}
