//! Roles: the four that every company has, and those that it makes itself. A role is rights and how far its holders see.

use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Id, Kind, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::{self, AccountId};
use crate::membership::Role;
use crate::permission::{Permission, Permissions};
use crate::sight::Visibility;
use crate::world::World;

/// Marks ids of custom roles.
#[derive(Debug)]
pub enum RoleKind {}
impl ids::Prefixed for RoleKind {
    const PREFIX: &'static str = "role";
}
/// The id of a custom role.
pub type RoleId = Id<RoleKind>;

/// How many roles a company may make.
const MOST: usize = 50;

/// What a member holds beside the four: a role of their company's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CustomRole {
    /// Its id.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    #[serde(skip)]
    pub(crate) permissions: Permissions,
    #[serde(skip)]
    pub(crate) visibility: Visibility,
}

/// What somebody is: one of the four, or a role that the company made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// One of the four; `Agent` beside a custom role.
    pub role: Role,
    /// The company's own role.
    pub custom: Option<CustomRole>,
}

impl Standing {
    /// One of the four.
    pub const fn built_in(role: Role) -> Self {
        Self { role, custom: None }
    }

    /// The rights that come with it.
    pub fn permissions(&self) -> Permissions {
        self.custom.as_ref().map_or_else(|| Permissions::of(self.role), |custom| custom.permissions.clone())
    }

    /// How far it sees.
    pub fn visibility(&self) -> Visibility {
        self.custom.as_ref().map_or(Visibility::All, |custom| custom.visibility)
    }

    /// As stored: one of the four, and perhaps a custom role.
    pub(crate) fn parts(&self) -> (&'static str, Option<Uuid>) {
        (self.role.as_str(), self.custom.as_ref().map(|custom| custom.id.uuid()))
    }

    /// Reads it from the columns of a row, of which the last three are a custom role's.
    pub(crate) fn read(
        role: &str,
        custom: (Option<Uuid>, Option<String>, Option<serde_json::Value>, Option<String>),
    ) -> Result<Self, &'static str> {
        let role = Role::parse(role).ok_or("an unknown role")?;
        let custom = match custom {
            (Some(id), Some(name), Some(permissions), Some(visibility)) => Some(CustomRole {
                id: Id::from_uuid(id),
                name,
                permissions: serde_json::from_value(permissions).map_err(|_| "unknown permissions")?,
                visibility: Visibility::parse(&visibility).ok_or("an unknown visibility")?,
            }),
            (None, ..) => None,
            _ => return Err("a custom role that cannot be read"),
        };
        Ok(Self { role, custom })
    }
}

/// A role, with who holds it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RoleView {
    /// `owner`, `admin`, `supervisor` or `agent`; the id of a role that the company made.
    #[schema(example = "role_01h455vb4pex5vsknk084sn02q")]
    pub id: String,
    /// Whether every company has it as it is.
    pub built_in: bool,
    /// Its name; of a built-in one, its id.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What its holders may do.
    pub permissions: Permissions,
    /// Which conversations they see.
    pub visibility: Visibility,
    /// How many members hold it.
    pub members: i64,
}

/// A role as somebody wants it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleRequest {
    /// 1 to 80 characters; no two differ only in capitals.
    pub name: String,
    /// What it is for, at most 300 characters.
    #[serde(default)]
    pub description: String,
    /// What its holders may do; never more than whoever makes it.
    pub permissions: Permissions,
    /// Which conversations they see; never more than whoever makes it.
    pub visibility: Visibility,
}

/// What can go wrong with a role.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// No such role here.
    #[error("no such role")]
    Unknown,
    /// Somebody holds it, or is invited to.
    #[error("somebody still holds this role, or is invited to it")]
    InUse,
    /// There are as many as there may be.
    #[error("there are {MOST} already")]
    TooMany,
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for RoleError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::NotFound,
            Self::InUse | Self::TooMany => Kind::Conflict,
            Self::Invalid(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "role_unknown",
            Self::InUse => "role_in_use",
            Self::TooMany => "too_many_roles",
            Self::Invalid(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Unknown | Self::InUse | Self::TooMany | Self::Store(_) => Vec::new(),
        }
    }
}

impl RoleRequest {
    fn checked(self) -> Result<Self, Invalid> {
        let mut check = Check::new();
        let name = check.line("name", &self.name, 1, 80);
        let description = check.line("description", &self.description, 0, 300);
        if Role::parse(&name.to_lowercase()).is_some() {
            check.refuse("name", "name_taken", "Every company has a role of this name.");
        }
        if self.permissions.iter().next().is_none() {
            check.refuse("permissions", "permissions_empty", "At least one.");
        }
        if self.visibility != Visibility::All {
            // What these hands do reaches every conversation.
            for (wide, why) in [
                (Permission::ConversationsSupervise, "Whoever takes conversations over sees all of them."),
                (Permission::RoutingManage, "Whoever decides where conversations go sees all of them."),
                (Permission::AuditRead, "The audit log tells of everything."),
                (Permission::DataManage, "An archive of the account holds everything."),
            ] {
                if self.permissions.contains(wide) {
                    check.refuse("permissions", "visibility_too_narrow", why);
                }
            }
        }
        check.finish()?;
        Ok(Self { name, description, ..self })
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    description: String,
    permissions: serde_json::Value,
    visibility: String,
    members: i64,
}

impl TryFrom<Row> for RoleView {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = RoleId::from_uuid(row.id);
        let bad = |what: &str| StoreError::Inconsistent {
            table: "shared.custom_role",
            id: id.to_string(),
            what: what.to_owned(),
        };
        Ok(Self {
            id: id.to_string(),
            built_in: false,
            name: row.name,
            description: row.description,
            permissions: serde_json::from_value(row.permissions).map_err(|_| bad("unknown permissions"))?,
            visibility: Visibility::parse(&row.visibility).ok_or_else(|| bad("an unknown visibility"))?,
            members: row.members,
        })
    }
}

/// Every role of a company: the four first, then its own by name.
pub async fn list(world: &World, account: AccountId) -> Result<Vec<RoleView>, StoreError> {
    #[derive(FromQueryResult)]
    struct Holders {
        role: String,
        members: i64,
    }
    let orm = world.database.orm();
    let holders: Vec<Holders> = orm
        .all(sql(
            "select role, count(*) as members from shared.membership \
             where account_id = $1 and custom_role_id is null and disabled_at is null group by role",
            [account.uuid().into()],
        ))
        .await?;
    let built_in = |role: Role| RoleView {
        id: role.as_str().to_owned(),
        built_in: true,
        name: role.as_str().to_owned(),
        description: String::new(),
        permissions: Permissions::of(role),
        visibility: Visibility::All,
        members: holders.iter().find(|row| row.role == role.as_str()).map_or(0, |row| row.members),
    };
    let rows: Vec<Row> = orm
        .all(sql(
            "select r.id, r.name, r.description, r.permissions, r.visibility, (select count(*) from shared.membership m \
             where m.custom_role_id = r.id and m.disabled_at is null) as members \
             from shared.custom_role r where r.account_id = $1 order by lower(r.name)",
            [account.uuid().into()],
        ))
        .await?;
    let mut all: Vec<RoleView> =
        [Role::Owner, Role::Admin, Role::Supervisor, Role::Agent].into_iter().map(built_in).collect();
    for row in rows {
        all.push(row.try_into()?);
    }
    Ok(all)
}

/// A role that the company made, with who holds it.
pub async fn find(world: &World, account: AccountId, id: RoleId) -> Result<RoleView, RoleError> {
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            "select r.id, r.name, r.description, r.permissions, r.visibility, (select count(*) from shared.membership m \
             where m.custom_role_id = r.id and m.disabled_at is null) as members \
             from shared.custom_role r where r.account_id = $1 and r.id = $2",
            [account.uuid().into(), id.uuid().into()],
        ))
        .await?;
    Ok(row.ok_or(RoleError::Unknown)?.try_into()?)
}

/// What holding a role of the company means.
pub async fn standing(world: &World, account: AccountId, id: RoleId) -> Result<Standing, RoleError> {
    let RoleView { name, permissions, visibility, .. } = find(world, account, id).await?;
    Ok(Standing { role: Role::Agent, custom: Some(CustomRole { id, name, permissions, visibility }) })
}

fn permissions_of(ask: &RoleRequest) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(&ask.permissions).map_err(|error| StoreError::Refused(error.to_string()))
}

fn refused(error: StoreError) -> RoleError {
    if !error.broke("custom_role_name_key") {
        return error.into();
    }
    let mut check = Check::new();
    check.refuse("name", "name_taken", "Another one has this name.");
    check.finish().map_or_else(RoleError::from, |()| error.into())
}

/// Makes a role.
pub async fn create(world: &World, account: AccountId, ask: RoleRequest) -> Result<RoleView, RoleError> {
    let ask = ask.checked()?;
    let now = world.now();
    let id: RoleId = world.chance.id(now);
    let tx = world.database.begin("".into()).await?;
    // Two admins at once must not make one too many.
    account::hold(&tx, account).await?;
    let made = tx
        .run(sql(
            "insert into shared.custom_role (id, account_id, name, description, permissions, visibility, created_at, updated_at) \
             select $1, $2, $3, $4, $5, $6, $7, $7 where (select count(*) from shared.custom_role where account_id = $2) < $8",
            [
                id.uuid().into(),
                account.uuid().into(),
                ask.name.clone().into(),
                ask.description.clone().into(),
                permissions_of(&ask)?.into(),
                ask.visibility.as_str().into(),
                now.into(),
                i64::try_from(MOST).unwrap_or(i64::MAX).into(),
            ],
        ))
        .await
        .map_err(refused)?;
    if made == 0 {
        return Err(RoleError::TooMany);
    }
    tx.commit().await?;
    find(world, account, id).await
}

/// Makes the roles that came along in an archive, in the transaction that makes their new company. Gives the names of those that this
/// program cannot make.
pub(crate) async fn bring_along(
    tx: &Tx,
    world: &World,
    account: AccountId,
    lines: &[String],
) -> Result<Vec<String>, StoreError> {
    let (now, mut left) = (world.now(), Vec::new());
    for (number, line) in lines.iter().enumerate() {
        let mut kept: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let name = kept.get("name").and_then(|name| name.as_str()).unwrap_or("?").to_owned();
        if let Some(fields) = kept.as_object_mut() {
            // It has another id here.
            fields.remove("id");
        }
        let ask = serde_json::from_value::<RoleRequest>(kept).ok().and_then(|ask| ask.checked().ok());
        let Some(ask) = ask.filter(|_| number < MOST) else {
            left.push(name);
            continue;
        };
        let made = tx
            .run(sql(
                "insert into shared.custom_role (id, account_id, name, description, permissions, visibility, created_at, updated_at) \
                 values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict do nothing",
                [
                    world.chance.uuid(now).into(),
                    account.uuid().into(),
                    ask.name.clone().into(),
                    ask.description.clone().into(),
                    permissions_of(&ask)?.into(),
                    ask.visibility.as_str().into(),
                    now.into(),
                ],
            ))
            .await?;
        if made == 0 {
            left.push(name);
        }
    }
    Ok(left)
}

/// Writes a role anew, for everybody who holds it.
pub async fn replace(world: &World, account: AccountId, id: RoleId, ask: RoleRequest) -> Result<RoleView, RoleError> {
    let ask = ask.checked()?;
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.custom_role set name = $3, description = $4, permissions = $5, visibility = $6, updated_at = $7 \
             where account_id = $1 and id = $2",
            [
                account.uuid().into(),
                id.uuid().into(),
                ask.name.clone().into(),
                ask.description.clone().into(),
                permissions_of(&ask)?.into(),
                ask.visibility.as_str().into(),
                world.now().into(),
            ],
        ))
        .await
        .map_err(refused)?;
    if touched == 0 {
        return Err(RoleError::Unknown);
    }
    world.directory.forget(account);
    find(world, account, id).await
}

/// Removes a role that nobody holds, and nobody is invited to.
pub async fn remove(world: &World, account: AccountId, id: RoleId) -> Result<RoleView, RoleError> {
    let role = find(world, account, id).await?;
    let gone = world
        .database
        .orm()
        .run(sql(
            "delete from shared.custom_role r where r.account_id = $1 and r.id = $2 and not exists (select 1 from shared.invitation i \
             where i.custom_role_id = r.id and i.accepted_at is null and i.revoked_at is null and i.expires_at > $3)",
            [account.uuid().into(), id.uuid().into(), world.now().into()],
        ))
        .await;
    match gone {
        Err(error) if error.broke("membership_custom_role") => Err(RoleError::InUse),
        Ok(0) => Err(RoleError::InUse),
        Ok(_) => Ok(role),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(name: &str, permissions: &[Permission], visibility: Visibility) -> RoleRequest {
        let permissions = Permissions::only(permissions.iter().copied());
        RoleRequest { name: name.into(), description: String::new(), permissions, visibility }
    }

    #[test]
    fn a_role_is_not_called_like_one_of_the_four() {
        let read = [Permission::ConversationsRead];
        assert!(ask("Night desk", &read, Visibility::Own).checked().is_ok());
        assert!(ask("Owner", &read, Visibility::All).checked().is_err());
        assert!(ask("Nothing", &[], Visibility::All).checked().is_err());
    }

    #[test]
    fn whoever_reaches_everything_sees_everything() {
        for wide in [
            Permission::ConversationsSupervise,
            Permission::RoutingManage,
            Permission::AuditRead,
            Permission::DataManage,
        ] {
            assert!(ask("Wide", &[wide], Visibility::Teams).checked().is_err());
            assert!(ask("Wide", &[wide], Visibility::All).checked().is_ok());
        }
    }

    #[test]
    fn a_standing_reads_what_it_wrote() {
        let custom = CustomRole {
            id: Id::from_uuid(Uuid::from_u128(7)),
            name: "Night desk".into(),
            permissions: Permissions::only([Permission::ConversationsRead]),
            visibility: Visibility::Teams,
        };
        let permissions = serde_json::to_value(&custom.permissions).unwrap();
        let columns = (Some(Uuid::from_u128(7)), Some("Night desk".into()), Some(permissions), Some("teams".into()));
        let standing = Standing::read("agent", columns).unwrap();
        assert_eq!(standing, Standing { role: Role::Agent, custom: Some(custom) });
        assert_eq!(standing.visibility(), Visibility::Teams);
        assert!(!standing.permissions().contains(Permission::ConversationsReply));
    }
}
