//! From the command line and a file to what is walked.

use super::ProbeArgs;
use crate::cli::exit::{Exit, complain};
use crate::config::{Environment, load_probe, read_private_file};
use crate::domain::Token;
use crate::probe::{
    Client, Components, Control, HttpStep, Login, Omitted, Placing, RefreshDoor, RunStep, Settings,
    Subjects,
};
use std::path::Path;
use std::time::Duration;

/// What the file says, overruled by what was typed.
pub(super) fn settings(args: &ProbeArgs) -> Result<(Settings, Placing), Exit> {
    let usage = |problem: String| complain(Exit::Usage, problem);
    let file = args.config.as_deref();
    let file = file.map(|file| load_probe(file, &Environment::of_process())).transpose();
    let file = file.map_err(|error| usage(error.to_string()))?.unwrap_or_default();
    let login = match (&args.client, &args.client_secret_file) {
        (Some(name), Some(secret)) => {
            Some(Login::Issue(Client { name: name.clone(), secret: secret_in(secret)? }))
        }
        (None, _) | (_, None) => None,
    };
    let mut settings = match (file.settings, login) {
        (Some(settings), None) => settings,
        (Some(settings), Some(login)) => Settings { login, ..settings },
        (None, Some(login)) => bare(login),
        (None, None) => {
            let problem = "who walks must sign in: name a --config file with a [login], or \
                           --client and --client-secret-file";
            return Err(usage(problem.to_owned()));
        }
    };
    if let Some(data) = &args.data {
        data.trim_end_matches('/').clone_into(&mut settings.data);
    }
    if settings.data.is_empty() {
        return Err(usage("where is the data listener? name it by --data".to_owned()));
    }
    if let Some(file) = &args.door_token_file {
        settings.door_token = Some(secret_in(file)?);
    }
    if let Some(component) = &args.component {
        settings.components.http = component.clone();
    }
    let placing = match (file.control, args.service.told()?) {
        (_, Some((url, token))) => Placing::Asked(Control { url, token: Token::new(&token) }),
        (Some(control), None) => Placing::Asked(control),
        (None, None) => Placing::Unknown,
    };
    Ok((settings, placing))
}

fn secret_in(file: &Path) -> Result<Token, Exit> {
    let text = read_private_file(file).map_err(|problem| complain(Exit::Usage, problem))?;
    Ok(Token::new(&text))
}

fn bare(login: Login) -> Settings {
    Settings {
        data: String::new(),
        login,
        http: HttpStep::Decide,
        refresh: RefreshDoor::Oauth,
        run: RunStep::Publish,
        door_token: None,
        components: Components::default(),
        subjects: Subjects::default(),
        omitted: Omitted::default(),
        step_time: Duration::from_secs(5),
        settle: Duration::from_millis(300),
    }
}
