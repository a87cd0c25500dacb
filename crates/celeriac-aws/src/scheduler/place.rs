/// A region of an account, which is what an ARN needs beside a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsPlace {
    /// Such as `eu-west-1`.
    pub region: String,
    /// The account's number.
    pub account: String,
}

impl AwsPlace {
    /// The part of AWS that the region is in: `aws`, `aws-cn`, `aws-us-gov`, ... (AWS General
    /// Reference, ARNs).
    pub fn partition(&self) -> &'static str {
        const BY_REGION: [(&str, &str); 7] = [
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("us-iso-", "aws-iso"),
            ("us-isob-", "aws-iso-b"),
            ("eu-isoe-", "aws-iso-e"),
            ("us-isof-", "aws-iso-f"),
            ("eusc-", "aws-eusc"),
        ];
        BY_REGION
            .iter()
            .find(|(region, _)| self.region.starts_with(region))
            .map_or("aws", |(_, partition)| partition)
    }

    /// Of a queue, by its name on SQS ([`SqsConfig::queue_name`](crate::SqsConfig::queue_name)).
    pub fn queue_arn(&self, sqs_name: &str) -> String {
        self.arn("sqs", sqs_name)
    }

    /// Of a role, by its name or its path and name. Roles are of an account, not of a region.
    pub fn role_arn(&self, name: &str) -> String {
        let (partition, account) = (self.partition(), &self.account);
        let name = name.trim_start_matches('/');
        format!("arn:{partition}:iam::{account}:role/{name}")
    }

    /// Of a schedule group.
    pub fn schedule_group_arn(&self, group: &str) -> String {
        self.arn("scheduler", &format!("schedule-group/{group}"))
    }

    /// Of a schedule; with the name `*`, of all that a group holds.
    pub fn schedule_arn(&self, group: &str, name: &str) -> String {
        self.arn("scheduler", &format!("schedule/{group}/{name}"))
    }

    /// What a schedule names as its target to make `SendMessage` with a request of its own
    /// (EventBridge Scheduler user guide, Using universal targets).
    pub fn send_message_arn(&self) -> String {
        format!(
            "arn:{}:scheduler:::aws-sdk:sqs:sendMessage",
            self.partition()
        )
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        let partition = self.partition();
        format!(
            "arn:{partition}:{service}:{}:{}:{resource}",
            self.region, self.account
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(region: &str) -> AwsPlace {
        AwsPlace {
            region: region.to_owned(),
            account: "123456789012".to_owned(),
        }
    }

    #[test]
    fn arns_are_those_of_the_place() {
        let place = place("eu-west-1");
        assert_eq!(
            place.queue_arn("orders.fifo"),
            "arn:aws:sqs:eu-west-1:123456789012:orders.fifo"
        );
        assert_eq!(
            (place.role_arn("beat"), place.role_arn("/app/beat")),
            (
                "arn:aws:iam::123456789012:role/beat".to_owned(),
                "arn:aws:iam::123456789012:role/app/beat".to_owned()
            )
        );
        assert_eq!(
            place.schedule_group_arn("shop"),
            "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/shop"
        );
        assert_eq!(
            place.schedule_arn("shop", "*"),
            "arn:aws:scheduler:eu-west-1:123456789012:schedule/shop/*"
        );
        assert_eq!(
            place.send_message_arn(),
            "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
        );
    }

    #[test]
    fn the_region_tells_the_partition() {
        for (region, partition) in [
            ("us-east-1", "aws"),
            ("cn-northwest-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
            ("ca-central-1", "aws"),
        ] {
            assert_eq!(place(region).partition(), partition, "{region}");
        }
        let queue = place("cn-north-1").queue_arn("celery");
        assert_eq!(queue, "arn:aws-cn:sqs:cn-north-1:123456789012:celery");
    }
}
