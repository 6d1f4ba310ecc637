//! What the store promises of groups: one answer for each member, once, whatever happens in between.

use std::time::Instant;

use evenkeel::{
    conversation::{Decision, Escalation, EscalationId, GroupId, Memory, Reason, Standing, Turn, Urgency},
    message::{Author, Choice, ConversationId, Incoming, Outgoing},
    reading::Language,
    store::{
        Assigned, Assignment, EscalationFilter, GroupAnswer, GroupDelivery, GroupReached, Handling, Joins, Leased,
        Split, StoreError,
    },
};

use crate::common::house::{House, at, says};

impl House {
    /// A customer who asks on a channel and waits for a person.
    async fn asks(&self, channel: &str, place: &str, text: &str) -> (ConversationId, EscalationId) {
        let conversation = self.writes(channel, place, &format!("{place}-1"), text).await;
        (conversation, self.escalates(conversation, Reason::Unsure, Urgency::Normal).await)
    }

    async fn writes(&self, channel: &str, place: &str, message: &str, text: &str) -> ConversationId {
        let incoming = Incoming { channel: channel.into(), ..says(place, message, text) };
        self.store.receive(&incoming).await.unwrap().conversation
    }

    async fn escalates(&self, conversation: ConversationId, reason: Reason, urgency: Urgency) -> EscalationId {
        let (found, pending) = self.store.pending(conversation).await.unwrap().unwrap();
        let ids: Vec<_> = pending.iter().map(|pending| pending.id).collect();
        let turn = Turn {
            promises: Vec::new(),
            decision: Decision::Escalate(reason),
            replies: Vec::new(),
            escalation: Some(Escalation { reason, urgency, intents: Vec::new(), due_at: None, look_at: None }),
            memory: Memory { standing: Standing::Waiting, language: Some(Language::ENGLISH), ..found.memory.clone() },
            readings: Vec::new(),
        };
        self.store.record_turn(&found, &ids, &turn, "k1", at(10)).await.unwrap().unwrap()
    }

    /// Puts all that is new into one group, served where it can be.
    async fn group_all(&self) -> (GroupId, Assigned) {
        let new = self.store.not_looked_at(1_000).await.unwrap();
        let first = match self.store.compared(at(20)).await.unwrap().first() {
            Some((id, ..)) => *id,
            None => new[0].escalation.id,
        };
        let assignment = |member: &evenkeel::store::Member| Assignment {
            escalation: member.escalation.id,
            turn: member.turn,
            joins: if member.escalation.id == first { Joins::Own } else { Joins::GroupOf(first) },
            served: true,
        };
        let outcome = self.store.assign(new.iter().map(assignment).collect(), at(20)).await.unwrap();
        (self.store.group_of(first).await.unwrap().unwrap(), outcome)
    }

    async fn answer(&self, group: GroupId, text: &str) -> GroupReached {
        self.store.answer_group(group, "Dana", answer(text), at(30)).await.unwrap()
    }

    async fn lease_on(&self, channel: &str) -> Vec<Leased> {
        self.store.lease(channel, at(1_000), 1_000, 0).await.unwrap()
    }

    async fn open(&self) -> Vec<(EscalationId, Reason)> {
        let open = self.store.escalations(EscalationFilter::Open).await.unwrap();
        open.into_iter().map(|record| (record.id, record.reason)).collect()
    }

    /// Who has a conversation: read when its customer writes once more.
    async fn standing(&self, place: &str) -> Standing {
        let conversation = self.writes("web", place, &format!("{place}-looks"), "hm").await;
        self.store.pending(conversation).await.unwrap().unwrap().0.memory.standing
    }
}

fn answer(text: &str) -> GroupAnswer {
    GroupAnswer { text: text.into(), person: "Talk to a person".into(), until: Some(at(2_000)), also_mine: false }
}

#[tokio::test]
async fn one_answer_goes_to_each_who_waits_and_resolves_their_escalations() {
    let house = House::new().await;
    let (_, first) = house.asks("web", "ana", "is the zoo open").await;
    house.asks("telegram", "bo", "zoo open?").await;
    let (_, claimed) = house.asks("web", "cy", "can we visit the zoo").await;
    let (group, outcome) = house.group_all().await;
    assert_eq!(outcome, Assigned { joined: 2, served: 0 });
    house.store.handle(claimed, "Eve", Handling::Claim, None, at(25)).await.unwrap();

    let listed = house.store.groups(10, at(26)).await.unwrap();
    assert_eq!((listed.len(), listed[0].open, listed[0].unclaimed), (1, 3, 2));
    assert_eq!(listed[0].samples[0], "is the zoo open");
    assert_eq!((listed[0].channels["web"], listed[0].channels["telegram"]), (2, 1));

    let reached = house.answer(group, "It **is** open.").await;
    assert_eq!(reached, GroupReached { resolved: 2, wrote_more: 0, left: 1 });
    assert_eq!(house.open().await, [(claimed, Reason::Unsure)], "what an agent has claimed is left to them");
    assert_eq!(house.standing("ana").await, Standing::Bot);
    assert_eq!(house.store.notes(first).await.unwrap()[0].text, format!("Answered with group {group}."));

    let leased = house.lease_on("web").await;
    let outgoing = Outgoing {
        text: "It **is** open.".into(),
        short: None,
        choices: vec![Choice { id: Choice::PERSON.into(), label: "Talk to a person".into() }],
        author: Author::Agent("Dana".into()),
        language: Language::ENGLISH,
    };
    assert_eq!(leased.iter().map(|leased| &leased.outgoing).collect::<Vec<_>>(), [&outgoing]);
    house.store.sent(leased[0].id, None, at(40)).await.unwrap();
    let delivery = house.store.group(group, 0, 10).await.unwrap().group.delivery;
    assert_eq!(delivery, GroupDelivery { queued: 1, sent: 1, uncertain: 0, failed: 0 });

    assert_eq!(house.answer(group, "It **is** open.").await, GroupReached { left: 1, ..GroupReached::default() });
}

#[tokio::test]
async fn who_joins_later_is_given_the_answer_until_it_expires_and_never_twice() {
    let house = House::new().await;
    house.asks("web", "ana", "is the zoo open").await;
    let (group, _) = house.group_all().await;
    house.answer(group, "Yes.").await;

    let (late, late_id) = house.asks("web", "late", "zoo open today?").await;
    assert_eq!(house.group_all().await.1, Assigned { joined: 1, served: 1 });
    assert!(house.open().await.is_empty());
    assert_eq!(house.lease_on("web").await.len(), 2);
    assert_eq!(house.store.escalation(late_id).await.unwrap().resolved_by.as_deref(), Some("Dana"));

    house.writes("web", "late", "late-2", "but is the zoo open").await;
    let again = house.escalates(late, Reason::Unsure, Urgency::Normal).await;
    assert_eq!(house.group_all().await.1, Assigned::default());
    assert_eq!(house.open().await, [(again, Reason::Unsure)], "they need a person, not the same words");
    assert_eq!(house.store.group_of(again).await.unwrap(), None);
    assert!(house.store.notes(again).await.unwrap()[0].text.contains("before"));

    let (_, expired) = house.asks("web", "last", "zoo?").await;
    let new = house.store.not_looked_at(10).await.unwrap();
    let joins = Joins::GroupOf(late_id);
    let assignment = Assignment { escalation: expired, turn: new[0].turn, joins, served: true };
    assert_eq!(house.store.assign(vec![assignment], at(2_001)).await.unwrap(), Assigned { joined: 1, served: 0 });
}

#[tokio::test]
async fn danger_is_never_answered_with_a_group_and_who_wrote_more_stays_with_a_person() {
    let house = House::new().await;
    house.asks("web", "ana", "is the zoo open").await;
    let (raised_in, raised) = house.asks("web", "bo", "zoo open?").await;
    let (_, more) = house.asks("web", "cy", "zoo open now?").await;
    let (group, _) = house.group_all().await;
    house.writes("web", "bo", "bo-2", "I smell gas").await;
    house.escalates(raised_in, Reason::Unsure, Urgency::Danger).await;
    house.writes("web", "cy", "cy-2", "and what of my refund").await;

    let reached = house.answer(group, "Yes.").await;
    assert_eq!(reached, GroupReached { resolved: 1, wrote_more: 1, left: 1 });
    let open: Vec<_> = house.open().await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(open, [raised, more]);
    assert_eq!(house.standing("cy").await, Standing::Waiting);
    assert!(house.store.notes(more).await.unwrap()[0].text.contains("wrote more"));
    assert_eq!(
        house.store.not_looked_at(10).await.unwrap()[0].escalation.id,
        raised,
        "raised words are looked at again"
    );
}

#[tokio::test]
async fn an_answer_that_does_not_arrive_brings_the_customer_back_to_a_person() {
    let house = House::new().await;
    for place in ["ana", "bo", "cy"] {
        house.asks("web", place, "is the zoo open").await;
    }
    let (group, _) = house.group_all().await;
    house.answer(group, "Yes.").await;
    let leased = house.lease_on("web").await;
    house.store.fail(leased[0].id, "refused", at(50)).await.unwrap();
    house.store.uncertain(leased[1].id, "timeout", at(50)).await.unwrap();
    house.store.retry(leased[2].id, at(60), "busy").await.unwrap();
    assert_eq!(house.open().await.iter().map(|(_, reason)| *reason).collect::<Vec<_>>(), [Reason::Undelivered; 2]);
    assert!(house.store.not_looked_at(10).await.unwrap().is_empty(), "these are in no group");

    assert_eq!(house.store.expire_group_answers(at(1_999)).await.unwrap(), 0);
    assert_eq!(house.store.expire_group_answers(at(2_000)).await.unwrap(), 1, "what is stale is not said");
    let delivery = house.store.group(group, 0, 0).await.unwrap().group.delivery;
    assert_eq!(delivery, GroupDelivery { queued: 0, sent: 0, uncertain: 1, failed: 2 });
    assert_eq!(house.open().await.len(), 3);
}

#[tokio::test]
async fn after_a_crash_in_the_middle_each_customer_has_one_copy() {
    let mut house = House::new().await;
    let mut places = Vec::new();
    for n in 0..200 {
        let channel = ["web", "telegram", "discord"][n % 3];
        places.push(house.asks(channel, &format!("p{n}"), "is the zoo open").await.0);
    }
    let (group, _) = house.group_all().await;
    assert_eq!(house.answer(group, "Yes.").await.resolved, 200);
    // Some sent, some on their way, and nobody said goodbye.
    for (count, leased) in house.lease_on("web").await.into_iter().enumerate() {
        if count % 2 == 0 {
            house.store.sent(leased.id, None, at(40)).await.unwrap();
        }
    }
    for leased in house.lease_on("telegram").await {
        house.store.begin(leased.id).await.unwrap();
    }
    house = house.crash().await;
    let recovered = house.store.recover("web", at(1_000)).await.unwrap();
    assert_eq!((recovered.requeued, recovered.uncertain), (33, 0));
    let recovered = house.store.recover("telegram", at(1_000)).await.unwrap();
    assert_eq!((recovered.requeued, recovered.uncertain), (0, 67));
    assert_eq!(house.answer(group, "Yes.").await, GroupReached::default(), "answering again sends nothing again");
    for channel in ["web", "telegram", "discord"] {
        for leased in house.lease_on(channel).await {
            house.store.sent(leased.id, None, at(1_001)).await.unwrap();
        }
    }
    let delivery = house.store.group(group, 0, 0).await.unwrap().group.delivery;
    assert_eq!(delivery, GroupDelivery { queued: 0, sent: 133, uncertain: 67, failed: 0 });
    for place in places {
        let lines = house.store.transcript(place).await.unwrap();
        assert_eq!(lines.iter().filter(|line| line.text == "Yes.").count(), 1);
    }
    assert_eq!(house.open().await.len(), 67, "who may have got nothing is with a person again");
}

#[tokio::test]
async fn agents_take_groups_apart_and_put_them_together() {
    let house = House::new().await;
    let mut ids = Vec::new();
    for place in ["ana", "bo", "cy", "di"] {
        ids.push(house.asks("web", place, "is the zoo open").await.1);
    }
    let (group, _) = house.group_all().await;
    let split = |members, split| house.store.split_group(group, members, "Dana", split, at(25));
    assert_eq!(split(&ids[..1], Split::Apart).await.unwrap(), None);
    assert!(house.store.not_looked_at(10).await.unwrap().is_empty(), "it is not put back");
    assert!(matches!(split(&ids[..1], Split::Apart).await, Err(StoreError::NotInGroup(..))));
    let new = split(&ids[1..3], Split::Together).await.unwrap().unwrap();
    assert_eq!(house.store.group(new, 0, 1).await.unwrap().all, 2);

    house.answer(new, "Yes.").await;
    house.store.merge_groups(new, group, "Dana", at(31)).await.unwrap();
    assert!(matches!(house.store.group(new, 0, 1).await, Err(StoreError::Merged(_, into)) if into == group));
    let merged = house.store.group(group, 0, 10).await.unwrap();
    assert_eq!((merged.all, merged.group.delivery.queued), (3, 2));
    assert_eq!(house.answer(group, "Yes.").await.resolved, 1, "those who were told are not told again");
    assert!(matches!(house.store.group(GroupId(99), 0, 1).await, Err(StoreError::NoGroup(_))));
}

#[tokio::test]
async fn an_erased_member_leaves_its_group_and_no_word() {
    let house = House::new().await;
    house.asks("web", "ana", "is my aunt Ida's zoo open").await;
    house.asks("web", "bo", "zoo open?").await;
    let (group, _) = house.group_all().await;
    house.answer(group, "Yes.").await;
    house.store.erase("web", "visitor of ana", evenkeel::store::Eraser::Themselves).await.unwrap();
    let members = house.store.group(group, 0, 10).await.unwrap();
    assert_eq!((members.all, members.group.samples), (1, vec!["zoo open?".to_owned()]));
}

#[tokio::test]
#[ignore = "a measurement"]
async fn measures_groups_among_ten_thousand_open_escalations() {
    let house = House::new().await;
    for n in 0..10_000 {
        house.asks("web", &format!("p{n}"), &format!("question number {n}")).await;
    }
    let started = Instant::now();
    loop {
        let new = house.store.not_looked_at(64).await.unwrap();
        let Some(first) = new.first().map(|member| member.escalation.id) else { break };
        let joins = |id: EscalationId| if id.0 % 8 == 0 && id != first { Joins::GroupOf(first) } else { Joins::Own };
        let assignment = |member: &evenkeel::store::Member| Assignment {
            escalation: member.escalation.id,
            turn: member.turn,
            joins: joins(member.escalation.id),
            served: true,
        };
        house.store.assign(new.iter().map(assignment).collect(), at(20)).await.unwrap();
    }
    println!("assigning 10,000 took {:?}", started.elapsed());
    for what in ["first", "again"] {
        let started = Instant::now();
        let groups = house.store.groups(50, at(30)).await.unwrap();
        println!("listing {} groups ({what}) took {:?}", groups.len(), started.elapsed());
        let started = Instant::now();
        let compared = house.store.compared(at(30)).await.unwrap();
        println!("reading {} compared members ({what}) took {:?}", compared.len(), started.elapsed());
    }
    let started = Instant::now();
    let group = house.store.groups(1, at(30)).await.unwrap()[0].id;
    let reached = house.answer(group, "Yes.").await;
    println!("answering {} took {:?}", reached.resolved, started.elapsed());
}
