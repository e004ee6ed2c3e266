//! The projects that `campc new` can make. Each is checked and run by the tests.

/// A project to begin with.
#[derive(Debug)]
pub struct Recipe {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// Its files: path and text.
    pub files: &'static [(&'static str, &'static str)],
}

/// The files of every project.
pub const COMMON: &[(&str, &str)] = &[("camp.toml", include_str!("recipes/camp.toml")), (".gitignore", include_str!("recipes/gitignore"))];

/// All recipes; the first is the default.
pub const RECIPES: &[Recipe] = &[
    Recipe {
        name: "welcome",
        about: "a welcome mail, and a reminder for those who did not click",
        files: &[
            ("main.camp", include_str!("recipes/welcome/main.camp")),
            ("emails/welcome.mjml", include_str!("recipes/welcome/welcome.mjml")),
            ("emails/reminder.md", include_str!("recipes/welcome/reminder.md")),
        ],
    },
    Recipe {
        name: "hot-leads",
        about: "points for visits, a segment of hot leads, and a follow-up for them",
        files: &[("main.camp", include_str!("recipes/hot-leads/main.camp")), ("emails/follow-up.md", include_str!("recipes/hot-leads/follow-up.md"))],
    },
    Recipe {
        name: "abandoned-cart-lite",
        about: "two mails about a cart that was left, until an order comes",
        files: &[
            ("main.camp", include_str!("recipes/abandoned-cart-lite/main.camp")),
            ("emails/cart-reminder.md", include_str!("recipes/abandoned-cart-lite/cart-reminder.md")),
        ],
    },
    Recipe {
        name: "broadcast",
        about: "a letter every Monday to everyone in a topic",
        files: &[("main.camp", include_str!("recipes/broadcast/main.camp")), ("emails/letter.md", include_str!("recipes/broadcast/letter.md"))],
    },
    Recipe {
        name: "points-to-crm",
        about: "a signed webhook to a CRM when somebody reaches a hundred points",
        files: &[("main.camp", include_str!("recipes/points-to-crm/main.camp")), ("emails/thanks.md", include_str!("recipes/points-to-crm/thanks.md"))],
    },
    // From here on the recipes of `examples/`, each with its tests.
    Recipe {
        name: "welcome-series",
        about: "a welcome series for those who subscribe to a topic, until they leave it or buy",
        files: &[("main.camp", include_str!("../../../../examples/recipes/r01_welcome_series.camp"))],
    },
    Recipe {
        name: "abandoned-cart",
        about: "a cart that was left: an hour after its last change, each cart by itself, no more than once a week",
        files: &[("main.camp", include_str!("../../../../examples/recipes/r06_abandoned_cart.camp"))],
    },
    Recipe {
        name: "review-request",
        about: "a receipt for each order, and one request for a review of all that was delivered together",
        files: &[("main.camp", include_str!("../../../../examples/recipes/r08_after_the_purchase.camp"))],
    },
    Recipe {
        name: "win-back",
        about: "two mails and a text for customers who have bought nothing for 90 days",
        files: &[("main.camp", include_str!("../../../../examples/recipes/r12_win_back.camp"))],
    },
    Recipe {
        name: "birthday",
        about: "a coupon at nine by the contact's own clock, every year",
        files: &[("main.camp", include_str!("../../../../examples/recipes/r14_birthday.camp"))],
    },
    Recipe {
        name: "nine-everywhere",
        about: "a broadcast at nine o'clock wherever the contact lives",
        files: &[("main.camp", include_str!("../../../../examples/recipes/r22_nine_oclock_everywhere.camp"))],
    },
    Recipe {
        name: "hot-lead-listening",
        about: "the brief's example: listening for an open while three days pass",
        files: &[("main.camp", include_str!("../../../../examples/recipes/r33_hot_lead_listening.camp"))],
    },
    Recipe {
        name: "trial-to-paid",
        about: "mails around the end of a trial, which may move; one enrollment an account",
        files: &[("main.camp", include_str!("../../../../examples/recipes/r03_trial_to_paid.camp"))],
    },
    Recipe {
        name: "webinar",
        about: "confirmation, reminders around the start, slides or the recording after it",
        files: &[("main.camp", include_str!("../../../../examples/recipes/r18_webinar.camp"))],
    },
    Recipe {
        name: "quiet-hours",
        about: "three campaigns, quiet hours, one message a day, and who goes first",
        files: &[("main.camp", include_str!("../../../../examples/recipes/r28_quiet_hours_cap_priority.camp"))],
    },
];
