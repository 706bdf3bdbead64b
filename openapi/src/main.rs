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

fn write() -> Outcome {
    std::fs::write(openapi::folder().join("v1.json"), openapi::generate()?)?;
    Ok("openapi/v1.json is written".into())
}

fn check() -> Outcome {
    let committed = std::fs::read_to_string(openapi::folder().join("v1.json"))?;
    if committed != openapi::generate()? {
        return Err("openapi/v1.json is not what the server serves: run `cargo run -p openapi -- write`, then `npm run codegen` in web/, and commit both".into());
    }
    Ok("openapi/v1.json is what the server serves".into())
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
