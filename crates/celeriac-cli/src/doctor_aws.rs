use celeriac::Connection;
use celeriac::aws::{AwsConfig, AwsIdentity, AwsIdentityError};

use crate::check::{Check, Status};
use crate::doctor_permissions;
use crate::doctor_table;

/// AWS refuses requests whose clock is off by five minutes.
const REFUSED_SKEW: i64 = 300;
/// Countdowns, leases and expiry are off by as much.
const NOTABLE_SKEW: i64 = 5;

/// Region, credentials and clock, where broker or results are on AWS.
pub(crate) async fn access(connection: &Connection) -> Vec<Check> {
    let endpoint = match config_of(connection) {
        None => return Vec::new(),
        Some(Err(check)) => return vec![check],
        Some(Ok(config)) if connection.broker_is_aws() => config.sqs.endpoint,
        Some(Ok(config)) => config.dynamodb.endpoint,
    };
    let aws = AwsIdentity::new(endpoint);
    let region = region(&aws).await;
    if region.status() == Status::Fail {
        return vec![region];
    }
    let credentials = credentials(&aws).await;
    // also where the credentials fail: a wrong clock is why AWS refuses right ones
    [Some(region), Some(credentials), clock(&aws).await]
        .into_iter()
        .flatten()
        .collect()
}

/// Table and permissions.
pub(crate) async fn resources(connection: &Connection, queues: &[String]) -> Vec<Check> {
    let mut checks = Vec::new();
    let Some(Ok(config)) = config_of(connection) else {
        return checks;
    };
    if connection.results_are_aws() {
        checks.extend(doctor_table::checks(&config).await);
        checks.extend(doctor_permissions::on_table(&config).await);
    }
    if connection.broker_is_aws() {
        checks.extend(doctor_permissions::on_queues(&config, queues).await);
    }
    checks
}

/// `None` where nothing is on AWS.
fn config_of(connection: &Connection) -> Option<Result<AwsConfig, Check>> {
    let on_aws = connection.broker_is_aws() || connection.results_are_aws();
    let config = || AwsConfig::from_settings(connection.settings());
    on_aws.then(|| {
        config().map_err(|error| Check::fail("settings", error.to_string(), "see docs/settings.md"))
    })
}

async fn region(aws: &AwsIdentity) -> Check {
    match aws.region().await {
        Some(region) => Check::ok("region", region),
        None => Check::fail(
            "region",
            "none is set",
            "set AWS_REGION, or `broker_transport_options.region`, or `region` in your AWS profile",
        ),
    }
}

async fn credentials(aws: &AwsIdentity) -> Check {
    const ADVICE: &str = "log in (aws sso login), set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the task or instance a role";
    match aws.identity().await {
        Ok(who) => Check::ok(
            "credentials",
            format!("{} in account {}", who.arn, who.account),
        ),
        Err(AwsIdentityError::Unavailable(text)) => Check::warn(
            "credentials",
            format!("STS does not answer: {text}"),
            "check the network; a private subnet needs a VPC endpoint for STS (only doctor asks it)",
        ),
        Err(error) => Check::fail("credentials", error.to_string(), ADVICE),
    }
}

/// `None` where no answer came to compare with; the line before says that.
async fn clock(aws: &AwsIdentity) -> Option<Check> {
    const ADVICE: &str = "switch time synchronisation on (chrony, systemd-timesyncd)";
    let skew = aws.clock_skew().await.ok()?;
    let finding = match skew {
        0 => "accurate to within a second".to_owned(),
        1.. => format!("{skew} s ahead of AWS's"),
        _ => format!("{} s behind AWS's", -skew),
    };
    Some(match skew.abs() {
        REFUSED_SKEW.. => Check::fail(
            "clock",
            format!("{finding}: AWS refuses such requests"),
            ADVICE,
        ),
        NOTABLE_SKEW.. => Check::warn(
            "clock",
            format!("{finding}: countdowns and leases are off by as much"),
            ADVICE,
        ),
        _ => Check::ok("clock", finding),
    })
}
