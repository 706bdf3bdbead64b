//! What the operator's page says, in both languages; and which of them a browser would rather read.

/// Every text of the page.
#[derive(Debug)]
pub(super) struct Texts {
    /// The language, as HTML names it.
    pub(super) lang: &'static str,
    pub(super) title: &'static str,
    /// Before the time at which everything was looked at.
    pub(super) as_of: &'static str,
    pub(super) nobody_charged: &'static str,
    pub(super) unavailable: &'static str,
    pub(super) none: &'static str,
    pub(super) never: &'static str,

    pub(super) companies: &'static str,
    pub(super) by_state: &'static str,
    pub(super) by_plan: &'static str,
    pub(super) state: &'static str,
    pub(super) plan: &'static str,
    pub(super) how_many: &'static str,

    pub(super) money: &'static str,
    pub(super) by_currency: &'static str,
    pub(super) currency: &'static str,
    pub(super) recurring: &'static str,
    pub(super) paid: &'static str,
    pub(super) paid_before: &'static str,
    pub(super) open: &'static str,
    pub(super) no_money: &'static str,

    pub(super) unpaid: &'static str,
    pub(super) unpaid_rows: &'static str,
    pub(super) company: &'static str,
    pub(super) name: &'static str,
    pub(super) since: &'static str,
    pub(super) nothing_heard: &'static str,
    pub(super) all_pay: &'static str,

    pub(super) differences: &'static str,
    pub(super) differences_rows: &'static str,
    pub(super) meter: &'static str,
    pub(super) hour: &'static str,
    pub(super) ours: &'static str,
    pub(super) theirs: &'static str,
    pub(super) repair: &'static str,
    pub(super) found: &'static str,
    pub(super) all_agree: &'static str,
    pub(super) differed: &'static str,
    pub(super) last_compared: &'static str,
    pub(super) oldest_compared: &'static str,
    pub(super) waiting_compared: &'static str,

    pub(super) unbilled: &'static str,
    pub(super) unbilled_rows: &'static str,
    pub(super) units: &'static str,
    pub(super) ended: &'static str,
    pub(super) all_billed: &'static str,

    pub(super) usage: &'static str,
    pub(super) usage_rows: &'static str,
    pub(super) batches: &'static str,
    pub(super) no_usage: &'static str,
    pub(super) oldest_unsent: &'static str,
    pub(super) all_accepted: &'static str,
    pub(super) events: &'static str,

    /// Names of states, of meters and of how a batch stands, as they are stored.
    words: &'static [(&'static str, &'static str)],
}

impl Texts {
    /// The word for something that is stored by a name; the name where there is no word.
    pub(super) fn word<'a>(&self, name: &'a str) -> &'a str {
        self.words.iter().find(|(stored, _)| *stored == name).map_or(name, |(_, word)| *word)
    }
}

pub(super) static ENGLISH: Texts = Texts {
    lang: "en",
    title: "Companies and money",
    as_of: "As of",
    nobody_charged: "No payment provider is set up: nobody is charged.",
    unavailable: "The database does not answer now, or has not said yet what time it is. Load the page again in a moment.",
    none: "none",
    never: "never",

    companies: "Companies",
    by_state: "How many companies are in which state",
    by_plan: "How many companies are on which plan",
    state: "State",
    plan: "Plan",
    how_many: "How many",

    money: "Money",
    by_currency: "What comes in, by currency",
    currency: "Currency",
    recurring: "Seats, a month's worth",
    paid: "Paid in the last 30 days",
    paid_before: "Paid in the 30 days before",
    open: "To be paid",
    no_money: "Nothing comes in.",

    unpaid: "Companies that do not pay",
    unpaid_rows: "Companies whose payment is missing, or of whose subscription nothing was heard for too long",
    company: "Address",
    name: "Company",
    since: "Payment missing since",
    nothing_heard: "no failed payment on record",
    all_pay: "Everybody who bought pays.",

    differences: "Hours that differ",
    differences_rows: "Hours in which our sum and the provider's differ and that are not mended yet",
    meter: "Meter",
    hour: "Hour",
    ours: "Ours",
    theirs: "The provider's",
    repair: "Repair",
    found: "Found",
    all_agree: "No hour differs that is not mended.",
    differed: "Hours that differed in the last 35 days, mended ones among them",
    last_compared: "Meters were last compared",
    oldest_compared: "The company that was compared the longest ago",
    waiting_compared: "Companies that wait to be compared",

    unbilled: "Used and never invoiced",
    unbilled_rows: "Usage of subscriptions that ended without a last invoice",
    units: "Units",
    ended: "Ended",
    all_billed: "All that was used is on an invoice.",

    usage: "Usage on its way to the provider",
    usage_rows: "Batches and units by how they stand",
    batches: "Batches",
    no_usage: "Nothing is on its way.",
    oldest_unsent: "The oldest hour that is not accepted",
    all_accepted: "all accepted",
    events: "Events of the provider that wait",

    words: &[
        ("free", "Free"),
        ("trialing", "Trying a plan"),
        ("active", "Paying"),
        ("grace", "Payment failed, in grace"),
        ("restricted", "Restricted"),
        ("ended", "Ended"),
        ("conversations", "conversations"),
        ("messages", "messages"),
        ("ai_resolutions", "AI resolutions"),
        ("pending", "pending"),
        ("sent", "sent"),
        ("accepted", "accepted"),
        ("confirmed", "confirmed"),
        ("stopped", "stopped, too late to be charged"),
    ],
};

pub(super) static CHINESE: Texts = Texts {
    lang: "zh-CN",
    title: "公司与收款",
    as_of: "截至",
    nobody_charged: "尚未设置支付服务商，不会向任何公司收费。",
    unavailable: "数据库暂无响应，或尚未告知当前时间。请稍后重新加载本页。",
    none: "无",
    never: "从未",

    companies: "公司",
    by_state: "各状态的公司数量",
    by_plan: "各套餐的公司数量",
    state: "状态",
    plan: "套餐",
    how_many: "数量",

    money: "收款",
    by_currency: "各币种的收入",
    currency: "币种",
    recurring: "席位月费合计",
    paid: "近 30 天已付",
    paid_before: "之前 30 天已付",
    open: "待付",
    no_money: "暂无收入。",

    unpaid: "未付款的公司",
    unpaid_rows: "付款失败，或其订阅长时间没有消息的公司",
    company: "网址名",
    name: "公司",
    since: "欠款起始时间",
    nothing_heard: "没有付款失败记录",
    all_pay: "所有已购买的公司均正常付款。",

    differences: "有差异的小时",
    differences_rows: "我方合计与服务商合计不一致且尚未修复的小时",
    meter: "计量项",
    hour: "小时",
    ours: "我方",
    theirs: "服务商",
    repair: "修复",
    found: "发现时间",
    all_agree: "没有尚未修复的差异。",
    differed: "近 35 天出现过差异的小时（含已修复）",
    last_compared: "最近一次核对",
    oldest_compared: "最久未核对的公司上次核对于",
    waiting_compared: "等待核对的公司",

    unbilled: "已使用但从未开票",
    unbilled_rows: "未出最后一张账单便已结束的订阅的用量",
    units: "用量",
    ended: "结束时间",
    all_billed: "所有用量均已开票。",

    usage: "正在上报的用量",
    usage_rows: "各状态的批次与用量",
    batches: "批次",
    no_usage: "没有正在上报的用量。",
    oldest_unsent: "最早未被接收的小时",
    all_accepted: "已全部接收",
    events: "等待处理的服务商事件",

    words: &[
        ("free", "免费"),
        ("trialing", "试用中"),
        ("active", "付费中"),
        ("grace", "付款失败，宽限期内"),
        ("restricted", "受限"),
        ("ended", "已结束"),
        ("conversations", "会话"),
        ("messages", "消息"),
        ("ai_resolutions", "AI 解决"),
        ("pending", "待发送"),
        ("sent", "已发送"),
        ("accepted", "已接收"),
        ("confirmed", "已确认"),
        ("stopped", "已停止（太迟，无法计费）"),
    ],
};

/// The language of ours that a browser wants most, by its `Accept-Language`; English where it wants neither.
pub(super) fn wanted(header: &str) -> &'static Texts {
    let mut best: (f64, &'static Texts) = (0.0, &ENGLISH);
    for part in header.split(',') {
        let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
        let language = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let texts = match language.as_str() {
            "zh" => &CHINESE,
            "en" => &ENGLISH,
            _ => continue,
        };
        let weight = rest.trim().strip_prefix("q=").map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        // The first of two that are wanted alike.
        if weight > best.0 {
            best = (weight, texts);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_answered_in_the_language_that_it_wants_most() {
        for (header, lang) in [
            ("", "en"),
            ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
            ("en-GB,en;q=0.9,zh;q=0.8", "en"),
            ("fr, zh-Hans;q=0.5, en;q=0.4", "zh-CN"),
            ("en;q=0.3, ZH-cn;q=0.7", "zh-CN"),
            ("zh;q=0, en;q=0.1", "en"),
            ("zh;q=much, *", "en"),
        ] {
            assert_eq!(wanted(header).lang, lang, "{header}");
        }
    }

    #[test]
    fn both_languages_have_a_word_for_the_same_names() {
        let names = |texts: &Texts| texts.words.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(names(&ENGLISH), names(&CHINESE));
        for state in billing::lifecycle::State::ALL {
            assert_ne!(CHINESE.word(state.as_str()), state.as_str());
        }
        for meter in billing::metering::CHARGED {
            assert_ne!(CHINESE.word(meter.as_str()), meter.as_str());
        }
        assert_eq!(ENGLISH.word("what nobody knows"), "what nobody knows");
    }
}
