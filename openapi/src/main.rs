//! `openapi write` rewrites the committed document; `openapi check` fails when it would change; `openapi compare FILE`
//! fails when callers of the document in FILE would be broken.

use std::process::ExitCode;

type Outcome = Result<String, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write"] => write(),
        ["check"] => check(),
        ["compare", file] => compare(file),
        _ => Err("usage: openapi write | check | compare FILE".into()),
    };
    match outcome {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("openapi: {error}");
            ExitCode::FAILURE
        }
    }
}

fn documents() -> Result<[(&'static str, String); 2], serde_json::Error> {
    Ok([("v1.json", openapi::generate()?), ("realtime.json", openapi::realtime()?)])
}

fn write() -> Outcome {
    for (name, text) in documents()? {
        std::fs::write(openapi::folder().join(name), text)?;
    }
    Ok("openapi/v1.json and openapi/realtime.json are written".into())
}

fn check() -> Outcome {
    for (name, text) in documents()? {
        if std::fs::read_to_string(openapi::folder().join(name))? != text {
            let advice = "run `cargo run -p openapi -- write`, then `npm run codegen` in web/, and commit both";
            return Err(format!("openapi/{name} is not what the server speaks: {advice}").into());
        }
    }
    Ok("openapi/v1.json and openapi/realtime.json are what the server speaks".into())
}

fn compare(file: &str) -> Outcome {
    let old = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let new = serde_json::from_str(&openapi::generate()?)?;
    let breaks = openapi::compatibility::breaks(&old, &new);
    if breaks.is_empty() {
        Ok("nothing is broken for callers of the older document".into())
    } else {
        Err(breaks.join("\n").into())
    }
}
