//! Letters about how somebody signs in. They say what has happened and what to do if it was not them; none asks for a secret.

use serde::{Deserialize, Serialize};

/// Subject, text, and a button with its link.
type Words = (String, String, Option<(String, String)>);

/// A letter about signing in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum SignIn {
    /// To a new address: is it yours?
    NewEmail {
        /// Where to click.
        link: String,
    },
    /// To the old address: somebody wants another one.
    EmailChanging {
        /// The new one.
        email: String,
    },
    /// To the old address: it is not used any more.
    EmailChanged {
        /// The new one.
        email: String,
    },
    /// How the login is proven has changed.
    SignInChanged {
        /// What.
        what: Changed,
    },
    /// The second factor was taken off somebody who had lost it.
    SecondFactorTakenOff {
        /// The company whose admin did it; the operator of the installation, when absent.
        company: Option<String>,
    },
    /// To a mailbox of a domain: is the domain this company's?
    DomainProof {
        /// The company.
        company: String,
        /// The domain.
        domain: String,
        /// Where to click.
        link: String,
    },
}

/// What of a login has changed, for the letter that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// A new password.
    Password,
    /// An authenticator app is asked for.
    TotpAdded,
    /// None is asked for any more.
    TotpRemoved,
    /// New recovery codes.
    RecoveryCodes,
    /// A passkey more.
    PasskeyAdded,
    /// A passkey less.
    PasskeyRemoved,
}

impl SignIn {
    /// Its words. `desk` is what the reader knows us by.
    pub(crate) fn write(&self, chinese: bool, desk: &str) -> Words {
        match self {
            Self::NewEmail { link } if chinese => (
                "请确认您的新邮箱".to_owned(),
                format!(
                    "有人（希望是您）想用这个邮箱登录 {desk}。确认之后，旧邮箱将不再用于登录。\n\n如果不是您，请忽略此邮件，什么都不会改变。\n\n链接 24 小时内有效。"
                ),
                Some(("使用这个邮箱".to_owned(), link.clone())),
            ),
            Self::NewEmail { link } => (
                "Confirm your new e-mail address".to_owned(),
                format!(
                    "Somebody, hopefully you, wants to sign in to {desk} with this address. Once it is confirmed, the old address is not used any more.\n\nIf it was not you, ignore this letter and nothing changes.\n\nThe link works for 24 hours."
                ),
                Some(("Use this address".to_owned(), link.clone())),
            ),
            Self::EmailChanging { email } if chinese => (
                "您的登录邮箱即将更改".to_owned(),
                format!(
                    "有人（希望是您）请求把您的 {desk} 登录邮箱改为 {email}。我们已向该邮箱发送确认链接。\n\n如果不是您，请立即登录并更改密码。"
                ),
                None,
            ),
            Self::EmailChanging { email } => (
                "Your sign-in address is about to change".to_owned(),
                format!(
                    "Somebody, hopefully you, asked to change the address you sign in to {desk} with to {email}. We have sent a link there.\n\nIf it was not you, sign in and change your password now."
                ),
                None,
            ),
            Self::EmailChanged { email } if chinese => (
                "您的登录邮箱已更改".to_owned(),
                format!(
                    "您的 {desk} 登录邮箱现在是 {email}。此邮箱不再用于登录。\n\n如果不是您，请联系贵公司的管理员。"
                ),
                None,
            ),
            Self::EmailChanged { email } => (
                "Your sign-in address has changed".to_owned(),
                format!(
                    "You now sign in to {desk} with {email}. This address is not used any more.\n\nIf it was not you, talk to an admin of your company."
                ),
                None,
            ),
            Self::SignInChanged { what } if chinese => (
                "您的登录方式已更改".to_owned(),
                format!("{}\n\n如果不是您，请立即重置密码，并检查“登录与安全”页面。", what.in_chinese(desk)),
                None,
            ),
            Self::SignInChanged { what } => (
                "How you sign in has changed".to_owned(),
                format!(
                    "{}\n\nIf it was not you, reset your password now, and look at the page “Sign-in and security”.",
                    what.in_english(desk)
                ),
                None,
            ),
            Self::SecondFactorTakenOff { company } if chinese => (
                "您的两步验证已被移除".to_owned(),
                format!(
                    "{}移除了您 {desk} 登录的两步验证。您的验证器应用、通行密钥和恢复码均已失效，所有设备均已退出登录。\n\n请使用密码登录，并在“登录与安全”页面重新设置两步验证。\n\n如果您没有提出过此请求，请立即重置密码，并联系{}。",
                    company
                        .as_ref()
                        .map_or_else(|| "本系统的运营人员".to_owned(), |company| format!("“{company}”的管理员")),
                    company.as_ref().map_or("本系统的运营人员", |_| "贵公司的管理员")
                ),
                None,
            ),
            Self::SecondFactorTakenOff { company } => (
                "Your second factor was taken off".to_owned(),
                format!(
                    "{} has taken the second factor off your {desk} login. Your authenticator app, passkeys and recovery codes do not count any more, and every device is signed out.\n\nSign in with your password, and set up a new second factor on the page “Sign-in and security”.\n\nIf you did not ask for this, reset your password now and talk to {}.",
                    company.as_ref().map_or_else(
                        || "The operator of this service".to_owned(),
                        |company| format!("An admin of “{company}”")
                    ),
                    company.as_ref().map_or("the operator of this service", |_| "an admin of your company")
                ),
                None,
            ),
            Self::DomainProof { company, domain, link } if chinese => (
                format!("{domain} 是否属于 {company}？"),
                format!(
                    "“{company}”希望使用 {domain} 的邮箱通过单点登录进入 Frontdesk。\n\n如果 {domain} 由您管理，并且属于“{company}”，请确认。否则请忽略此邮件。\n\n链接 3 天内有效。"
                ),
                Some((format!("确认 {domain}"), link.clone())),
            ),
            Self::DomainProof { company, domain, link } => (
                format!("Is {domain} the domain of {company}?"),
                format!(
                    "“{company}” wants people with addresses at {domain} to sign in to Frontdesk by single sign-on.\n\nIf you run {domain} and it is theirs, please confirm. If not, ignore this letter.\n\nThe link works for 3 days."
                ),
                Some((format!("Confirm {domain}"), link.clone())),
            ),
        }
    }
}

impl Changed {
    fn in_english(self, desk: &str) -> String {
        match self {
            Self::Password => format!("Your {desk} password was changed, and every other device was signed out."),
            Self::TotpAdded => format!("An authenticator app is now asked for when you sign in to {desk}."),
            Self::TotpRemoved => format!("No authenticator app is asked for any more when you sign in to {desk}."),
            Self::RecoveryCodes => {
                format!("New recovery codes were made for your {desk} login. The old ones do not work any more.")
            }
            Self::PasskeyAdded => format!("A passkey was added to your {desk} login."),
            Self::PasskeyRemoved => format!("A passkey was removed from your {desk} login."),
        }
    }

    fn in_chinese(self, desk: &str) -> String {
        match self {
            Self::Password => format!("您的 {desk} 密码已更改，其他设备均已退出登录。"),
            Self::TotpAdded => format!("现在登录 {desk} 时需要验证器应用的验证码。"),
            Self::TotpRemoved => format!("现在登录 {desk} 时不再需要验证器应用的验证码。"),
            Self::RecoveryCodes => format!("您的 {desk} 登录已生成新的恢复码，旧的恢复码不再有效。"),
            Self::PasskeyAdded => format!("您的 {desk} 登录已添加一个通行密钥。"),
            Self::PasskeyRemoved => format!("您的 {desk} 登录已移除一个通行密钥。"),
        }
    }
}
