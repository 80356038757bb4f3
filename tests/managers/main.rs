//! The modelled managers beside a delivery that is right: the faults that each is known for are
//! found, and no others.

mod profiles;
mod reference;
mod shapes;
mod story;
