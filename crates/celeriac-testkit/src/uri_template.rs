use hyper::Uri;
use percent_encoding::percent_decode_str;

/// What stands in the places of a template such as `/schedules/{Name}`, if the path is one of it.
pub(crate) fn uri_parts(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (wanted, given): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    if wanted.len() != given.len() {
        return None;
    }
    let mut parts = Vec::new();
    for (wanted, given) in wanted.into_iter().zip(given) {
        match wanted
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) if !given.is_empty() => parts.push((name.to_owned(), decode(given))),
            _ if wanted == given => {}
            _ => return None,
        }
    }
    Some(parts)
}

/// The query's parameters, decoded.
pub(crate) fn query(uri: &Uri) -> impl Iterator<Item = (String, String)> {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs.filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_their_template() {
        let parts = |path| uri_parts("/schedules/{Name}", path);
        let name = vec![("Name".to_owned(), "a b".to_owned())];
        assert_eq!(parts("/schedules/a%20b"), Some(name));
        for path in ["/schedules", "/schedules/", "/schedules/a/b", "/groups/a"] {
            assert_eq!(parts(path), None, "{path}");
        }
        let uri: Uri = "/q?a=b%2Fc&d&e=".parse().expect("a path");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let pairs: Vec<_> = query(&uri).collect();
        assert_eq!(pairs, [pair("a", "b/c"), pair("d", ""), pair("e", "")]);
    }
}
