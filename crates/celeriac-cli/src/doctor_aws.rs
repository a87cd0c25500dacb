use celeriac::Connection;
use celeriac::aws::{AwsConfig, AwsIdentity, AwsIdentityError};

use crate::check::Check;
use crate::doctor_permissions;
use crate::doctor_table;

/// AWS refuses requests whose clock is off by five minutes.
const REFUSED_SKEW: i64 = 300;
/// Countdowns, leases and expiry are off by as much.
const NOTABLE_SKEW: i64 = 5;

/// Credentials, region, clock, table and permissions, where broker or results are on AWS.
pub(crate) async fn checks(connection: &Connection, queues: &[String]) -> Vec<Check> {
    if !connection.broker_is_aws() && !connection.results_are_aws() {
        return Vec::new();
    }
    let config = match AwsConfig::from_settings(connection.settings()) {
        Ok(config) => config,
        Err(error) => {
            return vec![Check::fail(
                "settings",
                error.to_string(),
                "see docs/settings.md",
            )];
        }
    };
    let endpoint = if connection.broker_is_aws() {
        &config.sqs.endpoint
    } else {
        &config.dynamodb.endpoint
    };
    let aws = AwsIdentity::new(endpoint.clone());
    let mut checks = vec![
        region(&aws).await,
        credentials(&aws).await,
        clock(&aws).await,
    ];
    if connection.results_are_aws() {
        checks.extend(doctor_table::checks(&config).await);
    }
    if connection.broker_is_aws() {
        checks.extend(doctor_permissions::on_queues(&config, queues).await);
    }
    if connection.results_are_aws() {
        checks.extend(doctor_permissions::on_table(&config).await);
    }
    checks
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

async fn clock(aws: &AwsIdentity) -> Check {
    const ADVICE: &str = "switch time synchronisation on (chrony, systemd-timesyncd)";
    let Ok(skew) = aws.clock_skew().await else {
        return Check::warn("clock", "not compared: STS does not answer", ADVICE);
    };
    let finding = match skew {
        0 => "right to the second".to_owned(),
        1.. => format!("{skew} s ahead of AWS's"),
        _ => format!("{} s behind AWS's", -skew),
    };
    match skew.abs() {
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
    }
}
