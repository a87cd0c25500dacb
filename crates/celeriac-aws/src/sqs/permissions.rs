use celeriac_core::BrokerError;

use crate::fault::Fault;
use crate::permission::Permission;

use super::sqs_broker::SqsBroker;

/// No message has it.
const NO_RECEIPT: &str = "celeriac-check";

impl SqsBroker {
    /// Whether these credentials may do what a worker does on this queue. Each request is one that
    /// SQS refuses or that has no effect.
    pub async fn worker_permissions(&self, queue: &str) -> Result<Vec<Permission>, BrokerError> {
        let url = self.url("check", queue).await?;
        let client = self.sdk.sqs().await;
        // nothing is asked for, and what an emulator may hand out all the same is visible again at
        // once
        let receive = client
            .receive_message()
            .queue_url(&*url)
            .max_number_of_messages(0)
            .visibility_timeout(0)
            .wait_time_seconds(0);
        let delete = client
            .delete_message()
            .queue_url(&*url)
            .receipt_handle(NO_RECEIPT);
        let extend = client
            .change_message_visibility()
            .queue_url(&*url)
            .receipt_handle(NO_RECEIPT)
            .visibility_timeout(0);
        Ok(vec![
            Permission::by_answer(
                "sqs:ReceiveMessage",
                receive.send().await.map_err(Fault::from),
            ),
            Permission::by_answer(
                "sqs:DeleteMessage",
                delete.send().await.map_err(Fault::from),
            ),
            Permission::by_answer(
                "sqs:ChangeMessageVisibility",
                extend.send().await.map_err(Fault::from),
            ),
        ])
    }

    /// Whether these credentials may send to this queue: asked with an empty batch, which SQS
    /// refuses.
    pub async fn send_permission(&self, queue: &str) -> Result<Permission, BrokerError> {
        let url = self.url("check", queue).await?;
        let send = self
            .sdk
            .sqs()
            .await
            .send_message_batch()
            .queue_url(&*url)
            .set_entries(Some(Vec::new()));
        Ok(Permission::by_answer(
            "sqs:SendMessage",
            send.send().await.map_err(Fault::from),
        ))
    }
}
