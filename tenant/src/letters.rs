//! The letters we write, in the reader's language. Names in them are text: `infra::mail` escapes everything.
//!
//! A company's own people read its name and not ours: who the letter is from, in its subject and around its words. Ours are those
//! from before a company, those about the sign-in of whoever is in several, and those in which we ask a company, or somebody about it,
//! for something: what it owes, that it is closed, whether a domain is its own.

use infra::database::{Rows, StoreError, sql};
use infra::mail::Letter;
use infra::telemetry::turns;
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};

use crate::login::LoginId;
use crate::money_letters::Money;
use crate::sign_in_letters::SignIn;

/// A letter to be written when it is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum Template {
    /// After signup: prove the address.
    Verify {
        /// The new company.
        company: String,
        /// Where to click.
        link: String,
    },
    /// Somebody wants to set a new password.
    Reset {
        /// Where to click.
        link: String,
    },
    /// A colleague invites.
    Invite {
        /// The company.
        company: String,
        /// The colleague.
        inviter: String,
        /// Where to click.
        link: String,
    },
    /// About usage and money.
    Money(Money),
    /// The owner has closed the company.
    Closed {
        /// The company.
        company: String,
        /// Until which day it can be restored.
        until: String,
        /// Where to sign in.
        link: String,
    },
    /// Somebody signed up again with an address that already has a login.
    AlreadyHere {
        /// Where to sign in.
        link: String,
    },
    /// About how somebody signs in.
    SignIn(SignIn),
}

/// A letter waiting to be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Post {
    /// The address.
    pub to: String,
    /// The reader's language.
    pub locale: String,
    /// The company in whose name it is written; our own, when absent.
    #[serde(default)]
    pub sender: Option<String>,
    /// What to say.
    #[serde(flatten)]
    pub template: Template,
}

#[derive(FromQueryResult)]
struct Only {
    name: String,
}

/// The name that letters about somebody's login go out under: their company's, while they are in no other.
pub(crate) async fn sender_for(rows: &impl Rows, login: LoginId) -> Result<Option<String>, StoreError> {
    let only: Option<Only> = rows
        .one(sql(
            "select min(a.name) as name from shared.membership m join shared.account a on a.id = m.account_id \
             where m.login_id = $1 and a.status not in ('deleting', 'deleted') having count(*) = 1",
            [login.uuid().into()],
        ))
        .await?;
    Ok(only.map(|only| only.name))
}

/// On one line and in one direction, whatever a company calls itself.
fn one_line(text: &str) -> String {
    text.chars()
        .filter(|c| !(turns(*c) || matches!(c, '\u{200e}' | '\u{200f}')))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Whether a letter may go out under this name: not one that looks like an address, which would be read as the one that the letter came
/// from, nor ours.
fn may_sign(name: &str) -> bool {
    !name.contains(['@', '\u{ff20}', '\u{fe6b}']) && !name.to_lowercase().contains("frontdesk")
}

impl Post {
    /// Writes it out.
    pub fn write(&self) -> Letter {
        let chinese = self.locale == "zh-CN";
        let sender = self.sender.as_deref().map(one_line).filter(|name| may_sign(name));
        let (subject, text, button) = match &self.template {
            Template::Money(money) => money.write(chinese),
            Template::Verify { company, link } if chinese => (
                "请验证您的邮箱".to_owned(),
                format!("欢迎使用 Frontdesk！\n\n“{company}”已经可以使用。请验证您的邮箱地址，以便我们在您忘记密码时能够联系到您。\n\n链接 7 天内有效。"),
                Some(("验证邮箱".to_owned(), link.clone())),
            ),
            Template::Verify { company, link } => (
                "Verify your e-mail address".to_owned(),
                format!("Welcome to Frontdesk!\n\n“{company}” is ready. Please verify your e-mail address, so that we can reach you if you forget your password.\n\nThe link works for 7 days."),
                Some(("Verify e-mail".to_owned(), link.clone())),
            ),
            Template::Reset { link } if chinese => (
                "重置密码".to_owned(),
                "有人（希望是您）请求重置 Frontdesk 密码。\n\n如果不是您，请忽略此邮件，什么都不会改变。\n\n链接 1 小时内有效。".to_owned(),
                Some(("设置新密码".to_owned(), link.clone())),
            ),
            Template::Reset { link } => (
                "Reset your password".to_owned(),
                "Somebody, hopefully you, asked to reset your Frontdesk password.\n\nIf it was not you, ignore this letter and nothing changes.\n\nThe link works for 1 hour.".to_owned(),
                Some(("Set a new password".to_owned(), link.clone())),
            ),
            Template::Invite { company, inviter, link } if chinese => (
                format!("{inviter} 邀请您加入 {company}"),
                format!("{inviter} 邀请您加入“{company}”，一起接待客户。\n\n链接 7 天内有效。"),
                Some(("接受邀请".to_owned(), link.clone())),
            ),
            Template::Invite { company, inviter, link } => (
                format!("{inviter} invites you to {company}"),
                format!("{inviter} invites you to answer customers of “{company}” together.\n\nThe link works for 7 days."),
                Some(("Accept the invitation".to_owned(), link.clone())),
            ),
            Template::Closed { company, until, link } if chinese => (
                format!("“{company}”已关闭"),
                format!("“{company}”已按您的要求关闭，所有人都无法再进入，网站上的聊天也已消失。\n\n在 {until} 之前，您可以登录并恢复它；之后其中的所有数据将被永久删除。\n\n如果这不是您的操作，请立即登录恢复并修改密码。"),
                Some(("登录并恢复".to_owned(), link.clone())),
            ),
            Template::Closed { company, until, link } => (
                format!("“{company}” is closed"),
                format!("You have closed “{company}”. Nobody gets in any more, and the chat has disappeared from your websites.\n\nUntil {until} you can sign in and restore it. After that everything in it is deleted for good.\n\nIf it was not you, sign in now, restore it, and change your password."),
                Some(("Sign in and restore".to_owned(), link.clone())),
            ),
            Template::AlreadyHere { link } if chinese => (
                "您已经有 Frontdesk 账号".to_owned(),
                "有人用您的邮箱注册，但它已经有账号了。\n\n如果是您，请直接登录；如果不是，请忽略此邮件。".to_owned(),
                Some(("登录".to_owned(), link.clone())),
            ),
            Template::AlreadyHere { link } => (
                "You already have a Frontdesk login".to_owned(),
                "Somebody signed up with your address, which already has a login.\n\nIf it was you, simply sign in. If not, ignore this letter.".to_owned(),
                Some(("Sign in".to_owned(), link.clone())),
            ),
            Template::SignIn(letter) => letter.write(chinese, sender.as_deref().unwrap_or("Frontdesk")),
        };
        let subject = match &sender {
            Some(name) if !subject.contains(name.as_str()) && chinese => format!("{name}：{subject}"),
            Some(name) if !subject.contains(name.as_str()) => format!("{name}: {subject}"),
            Some(_) | None => subject,
        };
        Letter { sender, to: self.to.clone(), subject: one_line(&subject), text, button }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign_in_letters::Changed;

    fn changed(sender: Option<&str>, locale: &str) -> Letter {
        let template = Template::SignIn(SignIn::SignInChanged { what: Changed::Password });
        Post { to: "a@b.cc".into(), locale: locale.into(), sender: sender.map(Into::into), template }.write()
    }

    #[test]
    fn a_letter_in_a_companys_name_has_no_other() {
        let letter = changed(Some("Blue Teapot"), "en");
        assert_eq!(letter.sender.as_deref(), Some("Blue Teapot"));
        assert_eq!(letter.subject, "Blue Teapot: How you sign in has changed");
        assert!(letter.text.starts_with("Your Blue Teapot password") && !letter.text.contains("Frontdesk"));
        let letter = changed(Some("青壶"), "zh-CN");
        assert!(letter.subject.starts_with("青壶：") && letter.text.starts_with("您的 青壶 密码"), "{letter:?}");
    }

    #[test]
    fn a_name_that_looks_like_an_address_or_is_ours_is_no_sender() {
        let looks = ["support@bank.example", "support＠bank.example", "support﹫bank.example", "The FrontDesk team"];
        for sender in looks.map(Some).into_iter().chain([None]) {
            let letter = changed(sender, "en");
            assert_eq!((letter.sender, &*letter.subject), (None, "How you sign in has changed"));
            assert!(letter.text.starts_with("Your Frontdesk password"), "{}", letter.text);
        }
    }

    #[test]
    fn a_name_turns_no_line_and_ends_none() {
        let letter = changed(Some("Blue\u{202e} Tea\r\npot"), "en");
        assert_eq!(letter.sender.as_deref(), Some("Blue Tea  pot"));
    }

    #[test]
    fn a_letter_that_an_older_program_left_to_be_sent_is_read() {
        let left = serde_json::json!({ "to": "a@b.cc", "locale": "en", "letter": "reset", "link": "https://x" });
        assert_eq!(serde_json::from_value::<Post>(left).unwrap().sender, None);
    }
}
