//! The letters we write, in the reader's language. Names in them are text: `infra::mail` escapes everything.

use infra::mail::Letter;
use serde::{Deserialize, Serialize};

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
    /// What to say.
    #[serde(flatten)]
    pub template: Template,
}

impl Post {
    /// Writes it out.
    pub fn write(&self) -> Letter {
        let chinese = self.locale == "zh-CN";
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
                format!("{inviter} 邀请您在 Frontdesk 上加入“{company}”，一起接待客户。\n\n链接 7 天内有效。"),
                Some(("接受邀请".to_owned(), link.clone())),
            ),
            Template::Invite { company, inviter, link } => (
                format!("{inviter} invites you to {company}"),
                format!("{inviter} invites you to answer customers of “{company}” together on Frontdesk.\n\nThe link works for 7 days."),
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
            Template::SignIn(letter) => letter.write(chinese),
        };
        // A subject is one line, whatever a company calls itself.
        let subject = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Letter { to: self.to.clone(), subject, text, button }
    }
}
