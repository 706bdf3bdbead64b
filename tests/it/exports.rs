//! Data is taken along whole, by whom it is for and nobody else, and a company that was taken along can be set up again from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures::TryStreamExt as _;
use serde_json::{Value, json};
use tenant::Role;
use tenant::archive::{self, ArchiveError, Reader};
use tenant::data_key::Ring;
use tenant::identity::key::{self, KeyError, Material};
use tests::{Http, Program, Shop, TestApp, eventually, fresh};

pub(crate) async fn ready(http: &Http, ask: Value) -> Value {
    let made = http.post("/v1/data-exports", ask).await.ok();
    let path = format!("/v1/data-exports/{}", made["id"].as_str().unwrap());
    eventually("the archive is made", async || {
        let export = http.get(&path).await.ok();
        assert_ne!(export["status"], "failed", "{export}");
        (export["status"] == "ready").then_some(export)
    })
    .await
}

fn file_of(app: &TestApp, shop: &Shop, export: &Value) -> PathBuf {
    let folder = app.settings().blobs.place.strip_prefix("file:").unwrap().to_owned();
    Path::new(&folder).join(&shop.id).join("exports").join(format!("{}-1", export["id"].as_str().unwrap()))
}

/// The archive as it is fetched, in a file of its own.
pub(crate) async fn opened(app: &TestApp, shop: &Shop, export: &Value) -> tempfile::NamedTempFile {
    let world = &app.node(0).world;
    let (account, id) = (shop.id.parse().unwrap(), export["id"].as_str().unwrap().parse().unwrap());
    let found = tenant::export::find(world, account, id).await.unwrap();
    let parts = tenant::vault::read(world, account, found.place(), &found.path()).await.unwrap();
    let parts: Vec<bytes::Bytes> = parts.try_collect().await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), parts.concat()).unwrap();
    file
}

/// The secret of a vouching key of the company's first inbox, as this installation opens it.
async fn vouching_secret(shop: &Shop, world: &tenant::World, id: &str) -> Result<Vec<u8>, KeyError> {
    let keys = Ring::of(world, shop.id.parse().unwrap()).await?;
    let tx = shop.tenant().await.begin().await.unwrap();
    let inbox = shop.inbox["id"].as_str().unwrap().parse().unwrap();
    let kept = key::find(&tx, &keys, inbox, id.parse().unwrap()).await?;
    let Some((_, Material::Secret(secret))) = kept else { panic!("the key is gone, or of another kind") };
    Ok(secret)
}

/// Lines of JSON without one of their fields.
fn without(lines: &[String], field: &str) -> Vec<Value> {
    let mut all: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for one in &mut all {
        one.as_object_mut().unwrap().remove(field);
    }
    all
}

/// Every line of every file of an archive, sorted.
fn contents(path: &Path) -> BTreeMap<String, Vec<String>> {
    let mut reader = Reader::open(path).unwrap();
    let names: Vec<String> = reader.manifest().entries.iter().map(|entry| entry.name.clone()).collect();
    let mut all = BTreeMap::new();
    for name in names {
        let mut lines = Vec::new();
        reader
            .lines(&name, 100, |some| {
                lines.extend(some);
                Ok(())
            })
            .unwrap();
        lines.sort();
        all.insert(name, lines);
    }
    all
}

#[tokio::test]
async fn a_contact_is_taken_along_whole_and_alone() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let (ana, bea) = (shop.visitor("Ana").await, shop.visitor("Bea").await);
    for text in ["One", "Two", "Three"] {
        ana.writes(text).await;
        bea.writes(&format!("{text} of Bea")).await;
    }
    let note = json!({ "client_message_id": fresh(), "text": shop.says("A note about Ana"), "private": true });
    http.post(&format!("/v1/conversations/{}/messages", ana.chat()), note).await.ok();
    shop.owner.resolves(&ana.chat()).await;
    let comment = json!({ "rating": 5, "comment": shop.says("Lovely") });
    ana.http.post(&format!("/v1/widget/conversations/{}/survey", ana.chat()), comment).await.ok();
    let model = shop.owner.thread(&ana.chat()).await;

    let export = ready(http, json!({ "holds": "contact", "contact_id": ana.id })).await;
    let all = contents(opened(&app, &shop, &export).await.path());
    let said: Vec<Value> = all["message.ndjson"].iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut texts: Vec<&str> = said.iter().map(|message| message["text"].as_str().unwrap()).collect();
    let mut wanted: Vec<&str> = model.iter().map(|message| message["text"].as_str().unwrap()).collect();
    texts.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(texts, wanted, "everything said, notes among it, and nothing else");
    let person: Value = serde_json::from_str(&all["contact.ndjson"][0]).unwrap();
    assert_eq!(person["name"], ana.name.as_str());
    assert!(all["survey_response.ndjson"][0].contains("Lovely"));
    let text = format!("{all:?}");
    assert!(!text.contains("of Bea") && !text.contains(&bea.name), "nobody else is in it");
    assert!(!text.contains("source_hash"), "and no key");
    http.post("/v1/data-exports", json!({ "holds": "contact" })).await.refused(422, "validation_failed");
    let nobody = json!({ "holds": "contact", "contact_id": "cont_01h455vb4pex5vsknk084sn02q" });
    http.post("/v1/data-exports", nobody).await.refused(404, "contact_unknown");
}

#[tokio::test]
async fn archives_that_fill_the_plans_storage_leave_no_room_for_another() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let schema = shop.schema().await;
    app.sql(&format!("update shared.account set limits = '{{\"storage_bytes\": 100}}' where schema_name = '{schema}'"))
        .await;
    app.node(0).world.directory.forget(shop.id.parse().unwrap());
    let stored = async || {
        let usage = http.get("/v1/usage").await.ok();
        let meters = usage["meters"].as_array().unwrap().clone();
        meters.into_iter().find(|meter| meter["meter"] == "storage_bytes").unwrap()
    };
    assert_eq!(stored().await["used"], 0);

    let ask = json!({ "holds": "contact", "contact_id": ana.id });
    let export = ready(http, ask.clone()).await;
    let now = stored().await;
    assert_eq!((&now["used"], &now["limit"]), (&export["bytes"], &json!(100)), "nobody's data is held back, once");
    http.post("/v1/data-exports", ask.clone()).await.refused(409, "storage_full");
    http.post("/v1/data-exports", json!({ "holds": "account" })).await.refused(409, "storage_full");
    let path = format!("/v1/data-exports/{}", export["id"].as_str().unwrap());
    assert_eq!(http.delete(&path).await.status, 204);
    assert_eq!(stored().await["used"], 0);
    ready(http, ask).await;
}

#[tokio::test]
async fn a_link_is_for_one_person_and_a_quarter_of_an_hour_and_the_file_for_a_week() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut owner = shop.colleague("Ada", Role::Admin).await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let export = ready(&owner.http, json!({ "holds": "contact", "contact_id": ana.id })).await;
    let id = export["id"].as_str().unwrap().to_owned();
    let link = owner.http.post(&format!("/v1/data-exports/{id}/link"), json!({})).await.ok();
    let url = link["url"].as_str().unwrap().to_owned();

    let fetched = owner.http.get(&url).await;
    assert_eq!((fetched.status, fetched.header("content-type")), (200, Some("application/zip")));
    assert!(fetched.text.starts_with("PK") && fetched.text.ends_with(export["sha256"].as_str().unwrap()));
    assert!(fetched.header("content-disposition").unwrap().contains("frontdesk-contact-"));

    shop.owner.http.get(&url).await.refused(404, "download_link_invalid");
    shop.owner.http.post(&format!("/v1/data-exports/{id}/link"), json!({})).await.refused(404, "download_link_invalid");
    shop.stranger().get(&url).await.refused(401, "token_invalid");
    owner
        .http
        .get(&format!("/v1/data-exports/{id}/file?link={}", owner.http.token()))
        .await
        .refused(404, "download_link_invalid");
    let second = ready(&owner.http, json!({ "holds": "contact", "contact_id": ana.id })).await;
    let swapped = url.replace(&id, second["id"].as_str().unwrap());
    owner.http.get(&swapped).await.refused(404, "download_link_invalid");
    let other = app.shop("Coffee").await;
    other.owner.http.get(&url).await.refused(404, "export_unknown");

    app.clock().advance(chrono::TimeDelta::minutes(16));
    owner.signs_in().await.ok();
    owner.http.get(&url).await.refused(404, "download_link_invalid");
    let log = owner.http.get("/v1/audit-log?action=data_export&limit=100").await.ok();
    let deeds: Vec<&str> = log["data"].as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap()).collect();
    assert_eq!(deeds, ["data_export.requested", "data_export.downloaded", "data_export.requested"]);

    let file = file_of(&app, &shop, &export);
    assert!(file.exists());
    app.clock().advance(chrono::TimeDelta::days(8));
    owner.signs_in().await.ok();
    routing::rights::remove_expired(&app.node(0).world).await.unwrap();
    assert!(!file.exists(), "after a week it is gone");
    assert_eq!(owner.http.get(&format!("/v1/data-exports/{id}")).await.ok()["status"], "expired");
    owner.http.post(&format!("/v1/data-exports/{id}/link"), json!({})).await.refused(409, "export_not_ready");
}

#[tokio::test]
async fn a_company_that_was_taken_along_is_set_up_again_beside_itself_and_equals() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let things = crate::probes::Things::of(&shop).await;
    drop(things);
    let tia = shop.holder("Tia", json!(["conversations.read"]), "own").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana \u{1f375} \\ \"quoted\" 你好").await;
    ana.writes("line\nbreaks\tand 🍵").await;
    bo.is_given(&ana.chat()).await;
    bo.replies(&ana.chat(), "Hello").await;
    shop.owner.resolves(&ana.chat()).await;
    drop(bo);
    let export = ready(http, json!({ "holds": "account" })).await;
    let plain = opened(&app, &shop, &export).await;
    let file = plain.path().to_owned();

    let into =
        ["tenant", "import", file.to_str().unwrap(), "--into", "tea-again", "--owner", &shop.owner.email, "--json"];
    let made: Value = serde_json::from_str(&Program::run(app.settings(), &into).await).unwrap();
    let world = &app.node(0).world;
    let copy = tenant::Tenant::find(world, made["account"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let second = folder.path().join("second.zip");
    archive::write_account(&copy, &second, None).await.unwrap();

    let (first, mut second) = (contents(&file), contents(&second));
    let members = without(&first["directory/members.ndjson"], "id");
    let held = members.iter().find(|member| member["email"] == tia.email.as_str()).unwrap();
    assert_eq!((&held["role"], &held["custom_role"]), (&json!("agent"), &json!(tia.name)));
    assert_eq!(made["not_taken"], json!({ "members": members.len(), "roles": [] }));
    assert_eq!(
        (&made["roles"], second["directory/roles.ndjson"].len()),
        (&json!(first["directory/roles.ndjson"].len()), first["directory/roles.ndjson"].len())
    );
    let new = second["directory/members.ndjson"].clone();
    assert_eq!(new.len(), 1, "the new company is its owner's: {new:?}");
    for (name, lines) in first.iter().filter(|(name, _)| name.starts_with("tables/")) {
        let again = second.remove(name).unwrap();
        match name.as_str() {
            // The owner has joined, and it was written down.
            "tables/agent.ndjson" | "tables/audit.ndjson" => {
                assert!(lines.iter().all(|line| again.contains(line)), "{name}");
                assert_eq!(again.len(), lines.len() + 1, "{name}");
            }
            "tables/audit_head.ndjson" => {}
            // Secrets are sealed with the key of the company that they are in.
            "tables/identity_key.ndjson" => {
                assert_eq!(without(lines, "material"), without(&again, "material"), "{name}");
                assert_ne!(*lines, again);
            }
            _ => assert_eq!(*lines, again, "{name}"),
        }
    }
    assert!(first["tables/message.ndjson"].len() > 5);
    assert_eq!(made["identity_keys_ended"], 0);
    let verdict = tenant::audit::chain::verify(&copy.begin().await.unwrap()).await.unwrap();
    assert!(verdict.intact, "the chain of its log goes on: {verdict:?}");

    // Its owner works there at once.
    let there = http.post("/v1/auth/switch", json!({ "account_id": made["account"] })).await.ok();
    let there = shop.stranger().with(there["access_token"].as_str().unwrap());
    let roles = async |http: &Http| {
        let roles = http.get("/v1/roles").await.ok()["data"].as_array().unwrap().clone();
        let what = |role: &Value| json!([role["name"], role["permissions"], role["visibility"], role["description"]]);
        roles.iter().map(what).collect::<Vec<_>>()
    };
    assert_eq!(roles(&there).await, roles(http).await, "its roles are there, held by nobody");
    let chats = there.get("/v1/conversations?status=resolved").await.ok();
    assert!(chats["data"].as_array().unwrap().iter().any(|chat| chat["id"] == ana.chat().as_str()));

    // A name that is taken, and a file that is not as it was written.
    let taken = archive::Into { slug: "tea-again".into(), name: None, owner: shop.owner.email.clone() };
    let refused = archive::restore(world, file.clone(), taken.clone()).await;
    assert!(matches!(refused, Err(ArchiveError::Unfit(_))), "{refused:?}");
    let mut bytes = std::fs::read(&file).unwrap();
    let place = bytes.len() / 3;
    bytes[place] ^= 4;
    std::fs::write(&file, bytes).unwrap();
    let free = archive::Into { slug: "tea-third".into(), ..taken };
    assert!(matches!(archive::restore(world, file, free).await, Err(ArchiveError::Damaged(_))));
    assert_eq!(app.count("select count(*) from shared.account where slug = 'tea-third'").await, 0, "all or nothing");
}

#[tokio::test]
async fn an_archive_lies_sealed_with_its_companys_key_and_is_noise_without_it() {
    // The list of previous secrets is separated by commas.
    let app = TestApp::start_with(1, |settings| settings.secret = settings.secret.replace(',', "")).await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let http = &shop.owner.http;
    let export = ready(http, json!({ "holds": "contact", "contact_id": ana.id })).await;
    let world = &app.node(0).world;
    let lying = std::fs::read(file_of(&app, &shop, &export)).unwrap();
    assert!(!lying.windows(4).any(|four| four == b"PK\x03\x04"), "nobody who finds the file can read it");
    let id = export["id"].as_str().unwrap().parse().unwrap();
    let found = tenant::export::find(world, shop.id.parse().unwrap(), id).await.unwrap();
    let read = async |account: &str, place| {
        let parts = tenant::vault::read(world, account.parse().unwrap(), place, &found.path()).await?;
        parts.try_collect::<Vec<bytes::Bytes>>().await
    };
    assert!(read(&shop.id, found.place()).await.is_ok());
    assert!(read(&other.id, found.place()).await.is_err(), "another company has no such key");
    let elsewhere = tenant::seal::Place::new("export", fresh());
    assert!(read(&shop.id, elsewhere).await.is_err(), "it is no other export's");

    // A changed byte, a frame left out: noticed.
    let file = file_of(&app, &shop, &export);
    for place in [5, lying.len() / 2, lying.len() - 1] {
        let mut bytes = lying.clone();
        bytes[place] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        assert!(read(&shop.id, found.place()).await.is_err(), "byte {place}");
    }
    std::fs::write(&file, &lying[..lying.len() - 1]).unwrap();
    assert!(read(&shop.id, found.place()).await.is_err());
    std::fs::write(&file, &lying).unwrap();

    // A new key for what comes, the old one for what is there; and the installation's secret replaced under both.
    tenant::data_key::rotate(world, shop.id.parse().unwrap()).await.unwrap();
    assert!(read(&shop.id, found.place()).await.is_ok());
    let keys = format!("/v1/inboxes/{}/identity/keys", shop.inbox["id"].as_str().unwrap());
    let vouching = shop.owner.http.post(&keys, json!({ "name": "Shop server", "algorithm": "HS256" })).await.ok();
    let (key, secret) = (vouching["id"].as_str().unwrap(), vouching["secret"].as_str().unwrap().as_bytes());
    assert_eq!(vouching_secret(&shop, world, key).await.unwrap(), secret);
    // And one that was sealed with the installation's own key, as they all once were.
    let place =
        tenant::seal::Place::new("identity_key", key.parse::<tenant::identity::IdentityKeyId>().unwrap().uuid());
    let old: String =
        world.sealer.seal(&world.chance, place, secret).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    app.sql(&format!("update {}.identity_key set material = '\\x{old}'", shop.schema().await)).await;
    assert_eq!(vouching_secret(&shop, world, key).await.unwrap(), secret);
    let mut settings = app.settings().clone();
    settings.previous_secrets =
        vec![std::mem::replace(&mut settings.secret, "quite another secret of more than 32 letters".into())];
    // One that nobody can open holds up none of the others; one that has ended is not asked for.
    for (id, ends) in [(1, "null"), (2, "now() - interval '400 days'")] {
        app.sql(&format!(
            "insert into {}.identity_key (id, inbox_id, name, algorithm, material, created_at, ends_at) \
             select '00000000-0000-0000-0000-00000000000{id}', inbox_id, 'Noise', algorithm, '\\x0102', created_at, {ends} \
             from {}.identity_key where name = 'Shop server'",
            shop.schema().await,
            shop.schema().await
        ))
        .await;
    }
    http.post("/v1/auth/totp", Value::Null).await.ok();
    app.sql("update shared.totp set secret = '\\x0102'").await;
    other.owner.http.post("/v1/auth/totp", Value::Null).await.ok();
    let login = http.get("/v1/auth/me").await.ok()["user"]["id"].as_str().unwrap().to_owned();
    let (well, rotated, why) = Program::try_run(&settings, &["secrets", "rotate"]).await;
    assert!(!well && why.contains("stay as they are: 2"), "{why}");
    assert!(rotated.contains(&login) && rotated.contains("ikey_"), "{rotated}");
    assert!(rotated.contains("\"keys_sealed_anew\": 2"), "{rotated}");
    assert!(rotated.contains("\"identity_secrets_sealed_anew\": 1"), "{rotated}");
    assert!(rotated.contains("\"sign_in_secrets_sealed_anew\": 1"), "{rotated}");
    assert!(rotated.contains("\"secrets_that_cannot_be_opened\": 2"), "{rotated}");
    settings.previous_secrets.clear();
    let (alone, _facts) = api::App::new(&settings, infra::Clock::system()).await.unwrap();
    let parts =
        tenant::vault::read(&alone.world, shop.id.parse().unwrap(), found.place(), &found.path()).await.unwrap();
    assert!(parts.try_collect::<Vec<bytes::Bytes>>().await.is_ok(), "the secret before is needed no more");
    assert_eq!(vouching_secret(&shop, &alone.world, key).await.unwrap(), secret);
    assert!(vouching_secret(&shop, world, key).await.is_err());
    assert!(read(&shop.id, found.place()).await.is_err(), "and opens nothing any more");

    // Once the keys are gone, so is everything that was sealed with them, wherever a copy is.
    tenant::data_key::shred(&alone.world, shop.id.parse().unwrap()).await.unwrap();
    let gone = tenant::vault::read(&alone.world, shop.id.parse().unwrap(), found.place(), &found.path()).await;
    assert!(gone.is_err());
    assert!(vouching_secret(&shop, &alone.world, key).await.is_err());
}
