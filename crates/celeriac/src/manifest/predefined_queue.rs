/// A queue of `predefined_queues`, as its URL has it:
/// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PredefinedQueue {
    pub(super) region: String,
    pub(super) account: String,
    pub(super) name: String,
}

impl PredefinedQueue {
    /// `None` for a URL that does not say it all.
    pub(super) fn of_url(url: &str) -> Option<Self> {
        let (_, rest) = url.split_once("://")?;
        let mut parts = rest.trim_end_matches('/').split('/');
        let (host, account, name) = (parts.next()?, parts.next()?, parts.next()?);
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        (is_account && parts.next().is_none()).then_some(())?;
        Some(Self {
            region: region_of(host)?,
            account: account.to_owned(),
            name: name.to_owned(),
        })
    }

    pub(super) fn arn(&self) -> String {
        let Self {
            region,
            account,
            name,
        } = self;
        format!("arn:${{partition}}:sqs:{region}:{account}:{name}")
    }
}

/// `sqs.eu-west-1.amazonaws.com`, with a VPC endpoint's name in front or not, or the older
/// `eu-west-1.queue.amazonaws.com`.
fn region_of(host: &str) -> Option<String> {
    let labels: Vec<&str> = host.split(['.', ':']).collect();
    let at = |label: &str| labels.iter().position(|one| *one == label);
    let region = match (at("sqs"), at("queue")) {
        (Some(sqs), _) => labels.get(sqs + 1).copied()?,
        (None, Some(0)) => "us-east-1",
        (None, Some(queue)) => labels[queue - 1],
        (None, None) => return None,
    };
    super::deployment::is_region(region).then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_sqs_say_where_their_queue_is() {
        for (url, expected) in [
            (
                "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs",
                Some("eu-west-1 123456789012 jobs"),
            ),
            (
                "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/jobs.fifo/",
                Some("cn-north-1 123456789012 jobs.fifo"),
            ),
            (
                "https://vpce-1a.sqs.eu-west-1.vpce.amazonaws.com/123456789012/jobs",
                Some("eu-west-1 123456789012 jobs"),
            ),
            (
                "https://eu-west-1.queue.amazonaws.com/123456789012/jobs",
                Some("eu-west-1 123456789012 jobs"),
            ),
            (
                "https://queue.amazonaws.com/123456789012/jobs",
                Some("us-east-1 123456789012 jobs"),
            ),
            ("https://sqs.*.amazonaws.com/123456789012/jobs", None),
            ("https://sqs.eu-west-1.amazonaws.com/*/jobs", None),
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/a/b", None),
            ("https://sqs.eu-west-1.amazonaws.com/jobs", None),
            ("jobs", None),
        ] {
            let found = PredefinedQueue::of_url(url);
            let found =
                found.map(|queue| format!("{} {} {}", queue.region, queue.account, queue.name));
            assert_eq!(found.as_deref(), expected, "{url}");
        }
    }
}
