//! The letters about usage and money, in both languages.

use serde::{Deserialize, Serialize};

use crate::usage::Meter;

/// Subject, text, and a button with where it leads.
type Words = (String, String, Option<(String, String)>);

/// A letter about usage or money.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Money {
    /// Much of what the plan includes has been used.
    Usage {
        /// The company.
        company: String,
        /// Of what.
        meter: Meter,
        /// How much of it, in per cent.
        percent: i32,
        /// How much.
        used: i64,
        /// Of how much.
        included: i64,
        /// Where to look.
        link: String,
    },
    /// Much of what the company wants to spend is owed.
    Budget {
        /// The company.
        company: String,
        /// How much of it, in per cent.
        percent: i32,
        /// The amount.
        owed: String,
        /// Of which amount.
        budget: String,
        /// Where to look.
        link: String,
    },
    /// A payment has failed.
    PaymentFailed {
        /// The company.
        company: String,
        /// Until which day everything works.
        until: String,
        /// Where to pay.
        link: String,
    },
    /// Nothing can be added any more until it is paid.
    Restricted {
        /// The company.
        company: String,
        /// Where to pay.
        link: String,
    },
    /// It was paid.
    Recovered {
        /// The company.
        company: String,
        /// Where to look.
        link: String,
    },
}

const fn noun(meter: Meter, chinese: bool) -> &'static str {
    match (meter, chinese) {
        (Meter::Conversations, true) => "会话",
        (Meter::Conversations, false) => "conversations",
        (Meter::Messages, true) => "消息",
        (Meter::Messages, false) => "messages",
        (Meter::Agents, true) => "席位",
        (Meter::Agents, false) => "seats",
        (Meter::StorageBytes, true) => "存储空间",
        (Meter::StorageBytes, false) => "storage",
        (Meter::AiResolutions, true) => "AI 解决",
        (Meter::AiResolutions, false) => "AI resolutions",
    }
}

impl Money {
    /// Writes it out.
    pub(crate) fn write(&self, chinese: bool) -> Words {
        let button = |english: &str, chinese_words: &str, link: &str| {
            Some((if chinese { chinese_words } else { english }.to_owned(), link.to_owned()))
        };
        match self {
            Self::Usage { company, meter, percent, used, included, link } => {
                let noun = noun(*meter, chinese);
                let (subject, text) = if chinese {
                    (
                        format!("“{company}”已使用 {percent}% 的{noun}额度"),
                        format!(
                            "本计费周期内，“{company}”已使用 {used} 个{noun}，套餐包含 {included} 个。\n\n您可以在账单页面查看每日用量和预测，升级套餐，或开启用量上限。"
                        ),
                    )
                } else {
                    (
                        format!("{company} has used {percent}% of its {noun}"),
                        format!(
                            "“{company}” has used {used} of {included} {noun} that the plan includes in this period.\n\nThe billing page shows usage day by day with a forecast. There you can choose a larger plan, or let usage stop at what is included."
                        ),
                    )
                };
                (subject, text, button("Look at usage", "查看用量", link))
            }
            Self::Budget { company, percent, owed, budget, link } => {
                let (subject, text) = if chinese {
                    (
                        format!("“{company}”的费用已达预算的 {percent}%"),
                        format!("本计费周期内，“{company}”的用量费用为 {owed}，您设置的预算为 {budget}。"),
                    )
                } else {
                    (
                        format!("{company} has reached {percent}% of its budget"),
                        format!(
                            "Usage of “{company}” in this period comes to {owed}; the budget you have set is {budget}."
                        ),
                    )
                };
                (subject, text, button("Look at the next invoice", "查看下一张账单", link))
            }
            Self::PaymentFailed { company, until, link } => {
                let (subject, text) = if chinese {
                    (
                        format!("“{company}”的付款未成功"),
                        format!(
                            "“{company}”的最近一次付款未成功。到 {until} 为止，一切照常使用；之后将无法新增席位和渠道，直到付清。\n\n您的访客不会受到影响。"
                        ),
                    )
                } else {
                    (
                        format!("A payment of {company} has failed"),
                        format!(
                            "The last payment of “{company}” did not go through. Everything works as before until {until}; after that, seats and inboxes cannot be added until it is settled.\n\nYour visitors will not notice."
                        ),
                    )
                };
                (subject, text, button("See to the payment", "处理付款", link))
            }
            Self::Restricted { company, link } => {
                let (subject, text) = if chinese {
                    (
                        format!("“{company}”已受到限制"),
                        format!(
                            "“{company}”的付款仍未完成，因此暂时无法新增席位和渠道。现有会话和客服一切照常。\n\n付款后会立即恢复。"
                        ),
                    )
                } else {
                    (
                        format!("{company} is restricted until it is paid"),
                        format!(
                            "The payment of “{company}” is still missing, so seats and inboxes cannot be added for now. Everybody who works and everybody who writes goes on as before.\n\nAll is back as soon as it is paid."
                        ),
                    )
                };
                (subject, text, button("See to the payment", "处理付款", link))
            }
            Self::Recovered { company, link } => {
                let (subject, text) = if chinese {
                    (format!("“{company}”的付款已完成"), format!("谢谢！“{company}”的付款已完成，一切恢复正常。"))
                } else {
                    (
                        format!("{company} is paid"),
                        format!("Thank you: the payment of “{company}” has arrived, and everything is as it was."),
                    )
                };
                (subject, text, button("Look at billing", "查看账单", link))
            }
        }
    }
}
