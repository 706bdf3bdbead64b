//! One socket's conversation with the server, without the socket: frames in, frames out.
//!
//! Every verb here is the same call that HTTP makes, with the same rights.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use desk::conversation::{ConversationId, Mark};
use desk::message::Post;
use desk::sight;
use desk::start::Start;
use infra::spoken::OrLog as _;
use tenant::pace::Class;
use tenant::permission::Permission;
use tenant::scope::{EnterError, MayNotWrite, Via};
use tenant::token::BadToken;
use tenant::world::SharedWorld;
use tenant::{Member, Scope, Tenant, Visitor};

use super::HEARTBEAT_SECONDS;
use super::eyes::View;
use super::frame::{Acked, ClientFrame, ServerFrame};
use super::place::Place;
use super::refusal::{OpenError, SessionError, TooMany, has_room};
use super::topic::Topic;
use super::typing::Typing;
use super::welcome::view_of;
use crate::presence::Seat;
use crate::{Routing, assignment, emergency, relay};

/// Why a socket is closed, as a close code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// No good hello in time.
    Unauthenticated,
    /// Who opened it may not have it any more.
    Revoked,
    /// The company has as many sockets here as it may have.
    Full,
    /// It read too slowly, or said nothing for too long.
    TooSlow,
    /// The server goes away.
    GoingAway,
}

impl Close {
    /// The close code.
    pub const fn code(self) -> u16 {
        match self {
            Self::Unauthenticated => 4001,
            Self::Revoked => 4003,
            Self::TooSlow => 4008,
            Self::Full => 4029,
            Self::GoingAway => 1012,
        }
    }

    /// A word for logs and debuggers.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Revoked => "revoked",
            Self::TooSlow => "too slow",
            Self::Full => "too many sockets",
            Self::GoingAway => "going away",
        }
    }
}

#[derive(Clone)]
pub(super) enum Speaker {
    Agent(Scope<Member>),
    Visitor(Scope<Visitor>),
}

/// A socket that has said a good hello.
pub struct Session {
    pub(super) routing: Routing,
    pub(super) speaker: Speaker,
    /// While a person is in front of it.
    seat: Option<Seat>,
    /// What it saw when it was opened.
    pub(super) view: View,
    /// Where what it types is shown.
    pub(super) typing: Typing,
}

impl Session {
    /// Lets a speaker in by a member's or a visitor's token, and gives the socket its place.
    pub async fn open(routing: &Routing, token: &str) -> Result<(Self, Place), OpenError> {
        let scope = match Self::recognise(&routing.world, token).await? {
            Speaker::Visitor(scope) => return Ok(Self::of_visitor(routing, scope).await?),
            Speaker::Agent(scope) => scope,
        };
        has_room(routing, &scope.tenant)?;
        // A socket lives long: what is a few seconds old is good enough for a request, not for it.
        let account = scope.tenant.id();
        routing.world.directory.forget(account);
        if !scope.still_welcome().await.map_err(EnterError::from)? {
            return Err(EnterError::from(BadToken).into());
        }
        // Nothing but what is theirs, until it is known what their teams are: from then on nothing is missed.
        let agent = scope.who.agent_id;
        let view = View::new(scope.who.sight, BTreeSet::new());
        let topics = [Topic::Agents(account), Topic::Agent(account, agent)];
        let place = routing.switchboard.join(account, Some(agent), view, &topics).await;
        let view = view_of(&scope).await.map_err(EnterError::from)?;
        routing.switchboard.look(place.socket, view.clone());
        let mut session = Self {
            routing: routing.clone(),
            speaker: Speaker::Agent(scope),
            seat: None,
            view,
            typing: Typing::default(),
        };
        session.arrive().await;
        Ok((session, place))
    }

    /// Gives a visitor who is known already a place, whatever carries the frames.
    pub async fn of_visitor(routing: &Routing, scope: Scope<Visitor>) -> Result<(Self, Place), TooMany> {
        has_room(routing, &scope.tenant)?;
        let account = scope.tenant.id();
        let topics = [Topic::Visitors(account), Topic::Contact(account, scope.who.contact_id)];
        let place = routing.switchboard.join(account, None, View::WHOLE, &topics).await;
        Ok((
            Self {
                routing: routing.clone(),
                speaker: Speaker::Visitor(scope),
                seat: None,
                view: View::WHOLE,
                typing: Typing::default(),
            },
            place,
        ))
    }

    async fn recognise(world: &SharedWorld, token: &str) -> Result<Speaker, EnterError> {
        match Scope::<Member>::enter(world, token).await {
            Ok(scope) => {
                if scope.require(Permission::ConversationsRead).is_err() {
                    Err(BadToken.into())
                } else {
                    Ok(Speaker::Agent(scope))
                }
            }
            Err(EnterError::Token(_)) => Scope::<Visitor>::enter(world, token).await.map(Speaker::Visitor),
            Err(other) => Err(other),
        }
    }

    async fn arrive(&mut self) {
        let Some(scope) = self.person() else { return };
        let presence = &self.routing.presence;
        let seat = presence.arrive(scope.tenant.id(), scope.who.agent_id);
        presence.announce(&seat, scope.now()).await;
        if seat.is_first() {
            self.tell_presence(scope);
        }
        self.seat = Some(seat);
    }

    pub(super) fn tenant(&self) -> &Tenant {
        match &self.speaker {
            Speaker::Agent(scope) => &scope.tenant,
            Speaker::Visitor(scope) => &scope.tenant,
        }
    }

    /// The agent in front of a browser. A program that listens is nobody who could be given a conversation.
    fn person(&self) -> Option<&Scope<Member>> {
        match &self.speaker {
            Speaker::Agent(scope) => matches!(scope.who.via, Via::Session(_)).then_some(scope),
            Speaker::Visitor(_) => None,
        }
    }

    /// The socket is closed.
    pub async fn leave(mut self) {
        if let Some(seat) = self.seat.take()
            && seat.give_up().await
            && let Some(scope) = self.person()
        {
            self.tell_presence(scope);
        }
    }

    fn tell_presence(&self, scope: &Scope<Member>) {
        let (routing, tenant, agent) = (self.routing.clone(), scope.tenant.clone(), scope.who.agent_id);
        tokio::spawn(async move {
            if let Err(error) = relay::tell_presence(&routing, &tenant, agent).await {
                tracing::warn!(%error, "presence could not be told");
            }
            relay::assign(&routing, tenant.id()).await;
        });
    }

    /// The answer to a good hello, with what was missed.
    pub async fn welcome(&self, resume: BTreeMap<String, i64>) -> Vec<String> {
        let world = &self.routing.world;
        let welcome = ServerFrame::Welcome {
            protocol: 1,
            session_id: infra::ids::encode(world.chance.uuid(world.now())),
            audience: match self.speaker {
                Speaker::Agent(_) => "agent",
                Speaker::Visitor(_) => "visitor",
            },
            heartbeat_seconds: HEARTBEAT_SECONDS,
            server_time: world.now(),
        };
        let mut frames = vec![welcome.encode()];
        frames.extend(emergency::greet(&self.routing, self.tenant()).await);
        let degraded = self.routing.health.now().degraded();
        if matches!(self.speaker, Speaker::Agent(_)) && !degraded.is_empty() {
            frames.push(ServerFrame::Service { degraded }.encode());
        }
        frames.extend(self.standing_offers().await);
        frames.extend(self.resume(resume).await);
        frames
    }

    /// What this agent is being asked already. What cannot be read now is asked again when it comes to the next agent.
    async fn standing_offers(&self) -> Vec<String> {
        let Some(scope) = self.person() else { return Vec::new() };
        let read = async {
            let tx = scope.begin().await?;
            assignment::standing_offers(&tx, scope.who.agent_id).await
        };
        read.await.or_log("reading offers").unwrap_or_default()
    }

    /// Answers one frame. A refused frame gets an error frame; the socket lives on.
    pub async fn answer(&mut self, frame: ClientFrame) -> Vec<String> {
        let (reference, client_message_id) = frame.known_by();
        match self.try_answer(frame).await {
            Ok(frames) => frames,
            Err(error) => vec![error.frame(reference, client_message_id).encode()],
        }
    }

    async fn try_answer(&mut self, frame: ClientFrame) -> Result<Vec<String>, SessionError> {
        match frame {
            ClientFrame::Hello { .. } => {
                Err(SessionError::Misplaced("hello_repeated", "This socket has already said hello."))
            }
            ClientFrame::Send { reference, client_message_id, conversation_id, text, private, start } => {
                let post = self.post(conversation_id, private, start)?;
                self.pass().await?;
                self.send(reference, client_message_id, post, &text).await.map(|frame| vec![frame])
            }
            ClientFrame::Read { .. } | ClientFrame::Delivered { .. } => Ok(match self.noting(&frame) {
                Some(noting) => noting.await,
                None => Vec::new(),
            }),
            ClientFrame::Typing { conversation_id, on } => {
                self.may_ask()?;
                self.type_sign(conversation_id, on).await.map(|()| Vec::new())
            }
            ClientFrame::Resume { conversations } => {
                self.may_ask()?;
                Ok(self.resume(conversations).await)
            }
            ClientFrame::Renew { token } => {
                self.may_ask()?;
                self.renew(&token).await.map(|()| vec![ServerFrame::Renewed {}.encode()])
            }
            ClientFrame::Ping {} => Ok(vec![ServerFrame::Pong {}.encode()]),
        }
    }

    /// Who writes where.
    fn post(
        &self,
        conversation_id: Option<ConversationId>,
        private: bool,
        start: Option<Box<Start>>,
    ) -> Result<Post, SessionError> {
        match &self.speaker {
            Speaker::Agent(scope) => {
                scope.require(Permission::ConversationsReply)?;
                let conversation = conversation_id.filter(|_| start.is_none()).ok_or(SessionError::Misplaced(
                    "frame_fields_invalid",
                    "An agent's send names its conversation, and begins none.",
                ))?;
                let (agent, name) = (scope.who.agent_id, scope.who.name.clone());
                Ok(Post::Agent { agent, name, conversation, private })
            }
            Speaker::Visitor(scope) => {
                if private || conversation_id.is_some() {
                    return Err(SessionError::Misplaced(
                        "frame_fields_invalid",
                        "A visitor's send names no conversation and is never private.",
                    ));
                }
                scope.may_write()?;
                Ok(Post::Visitor { contact: scope.who.contact_id, inbox: scope.who.inbox_id, start })
            }
        }
    }

    /// What is asked by a socket counts like what is asked by HTTP.
    fn may_ask(&self) -> Result<(), SessionError> {
        let who = match &self.speaker {
            Speaker::Agent(scope) => (scope.tenant.id(), scope.who.agent_id.uuid()),
            Speaker::Visitor(scope) => (scope.tenant.id(), scope.who.contact_id.uuid()),
        };
        let world = &self.routing.world;
        Ok(world.questions.attempt(who, world.now()).map_err(MayNotWrite::TooOften)?)
    }

    /// Counts a message against the company's pace. The socket may have been opened before the company was given a better one.
    async fn pass(&mut self) -> Result<(), SessionError> {
        let Err(too_fast) = self.tenant().pass(Class::Messages).await else { return Ok(()) };
        let known = self.tenant().account.pace;
        let fresh =
            Tenant::find(&self.routing.world, self.tenant().id()).await?.filter(|fresh| fresh.account.pace != known);
        let Some(fresh) = fresh else { return Err(too_fast.into()) };
        match &mut self.speaker {
            Speaker::Agent(scope) => scope.tenant = fresh,
            Speaker::Visitor(scope) => scope.tenant = fresh,
        }
        self.tenant().pass(Class::Messages).await?;
        Ok(())
    }

    async fn send(
        &self,
        reference: Option<String>,
        client_message_id: uuid::Uuid,
        post: Post,
        text: &str,
    ) -> Result<String, SessionError> {
        if let (Speaker::Agent(scope), Post::Agent { conversation, .. }) = (&self.speaker, &post) {
            sight::look_at(scope, *conversation).await?;
        }
        let sent = self.routing.writer.send(self.tenant(), post, text, client_message_id).await?;
        let message = match &self.speaker {
            Speaker::Agent(_) => Acked::Agent(&sent.message),
            Speaker::Visitor(_) => Acked::Visitor(sent.message.for_visitor()),
        };
        let conversation_id = sent.conversation.id;
        Ok(ServerFrame::Ack { reference, client_message_id, conversation_id, message }.encode())
    }

    /// What a mark comes to, once it is noted: nothing to say, or why not. `None` for other frames. It stands apart from the
    /// socket, so that neither the next frame nor a delivery waits for it.
    pub fn noting(&self, frame: &ClientFrame) -> Option<impl Future<Output = Vec<String>> + Send + use<>> {
        let (id, seq, is_read) = match frame {
            ClientFrame::Read { conversation_id, seq } => (*conversation_id, *seq, true),
            ClientFrame::Delivered { conversation_id, seq } => (*conversation_id, *seq, false),
            ClientFrame::Hello { .. }
            | ClientFrame::Send { .. }
            | ClientFrame::Typing { .. }
            | ClientFrame::Resume { .. }
            | ClientFrame::Renew { .. }
            | ClientFrame::Ping {} => return None,
        };
        let limited = match &self.speaker {
            Speaker::Agent(scope) => scope.who.sight.is_limited().then(|| scope.clone()),
            Speaker::Visitor(_) => None,
        };
        let (tenant, mark) = match &self.speaker {
            Speaker::Agent(scope) if is_read => (
                scope.tenant.clone(),
                scope.require(Permission::ConversationsReply).map(|()| Mark::ReadByAgent).map_err(SessionError::from),
            ),
            Speaker::Agent(scope) => (
                scope.tenant.clone(),
                Err(SessionError::Misplaced("frame_not_for_agents", "Only visitors confirm deliveries.")),
            ),
            Speaker::Visitor(scope) => {
                let contact = scope.who.contact_id;
                let mark = if is_read { Mark::ReadByContact(contact) } else { Mark::Delivered(contact) };
                (scope.tenant.clone(), Ok(mark))
            }
        };
        let marker = Arc::clone(&self.routing.marker);
        Some(async move {
            let noted = async {
                let mark = mark?;
                if let Some(scope) = limited {
                    sight::look_at(&scope, id).await?;
                }
                Ok::<_, SessionError>(marker.note(&tenant, id, mark, seq).await?)
            };
            noted.await.err().map(|error| error.frame(None, None).encode()).into_iter().collect()
        })
    }

    /// Takes a fresh token of the same speaker.
    async fn renew(&mut self, token: &str) -> Result<(), SessionError> {
        let fresh = Self::recognise(&self.routing.world, token).await?;
        let same = match (&self.speaker, &fresh) {
            (Speaker::Agent(old), Speaker::Agent(new)) => {
                let is_person = |scope: &Scope<Member>| matches!(scope.who.via, Via::Session(_));
                old.who.agent_id == new.who.agent_id && is_person(old) == is_person(new)
            }
            (Speaker::Visitor(old), Speaker::Visitor(new)) => {
                old.who.contact_id == new.who.contact_id && old.tenant.id() == new.tenant.id()
            }
            (Speaker::Agent(_), Speaker::Visitor(_)) | (Speaker::Visitor(_), Speaker::Agent(_)) => false,
        };
        if !same {
            return Err(SessionError::Misplaced(
                "token_of_another",
                "This token is not of the one who opened the socket.",
            ));
        }
        if let (Speaker::Agent(old), Speaker::Agent(new)) = (&self.speaker, &fresh)
            && old.who.standing != new.who.standing
        {
            // What this socket hears was decided by what they were: it is opened anew, and until then it is looked at as before.
            return Err(SessionError::Misplaced("standing_changed", "Your role has changed: open a new socket."));
        }
        self.speaker = fresh;
        self.typing = Typing::default();
        Ok(())
    }
}
