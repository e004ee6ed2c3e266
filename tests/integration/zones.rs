//! Daylight saving: 24 zones, both changes of each year from 2024 to 2030, against a table that Python's zoneinfo has made (`tests/zones`).

use campc::lang::{Date, Days, Holidays, Instant, TimeOfDay, Window, WindowZone, Zone, add_duration, local_instant, next_clock};

/// Zone, day, time, and the second that they mean.
fn table() -> Vec<(&'static str, Date, TimeOfDay, i64)> {
    let lines = include_str!("../zones/changes.tsv").lines();
    lines
        .map(|line| {
            let parts: Vec<&str> = line.split('\t').collect();
            let numbers: Vec<i64> = parts[1].split([' ', '-', ':']).map(|part| part.parse().unwrap()).collect();
            let small = |at: usize| u8::try_from(numbers[at]).unwrap();
            let date = Date::new(i16::try_from(numbers[0]).unwrap(), small(1).cast_signed(), small(2).cast_signed()).unwrap();
            (parts[0], date, TimeOfDay::new(small(3), small(4), small(5)).unwrap(), parts[2].parse().unwrap())
        })
        .collect()
}

#[test]
fn g08b_local_times_around_every_change_of_the_clock_mean_what_zoneinfo_says() {
    let table = table();
    assert_eq!(table.len(), 24 * 14 * 9);
    let mut zones = 0;
    let mut last = "";
    for (name, date, time, second) in table {
        let zone = Zone::find(name).unwrap();
        let wanted = Instant(second * 1000);
        assert_eq!(local_instant(date, time, &zone), wanted, "{name} {date} {time}");
        // The first such moment at or after itself is itself.
        assert_eq!(next_clock(wanted, time, &zone).0, wanted.0, "{name} {date} {time}");
        zones += usize::from(last != name);
        last = name;
    }
    assert_eq!(zones, 24);
}

/// A day later is the same wall clock, or what that means where the clock changes meanwhile.
#[test]
fn g08b_a_day_later_is_the_same_wall_clock() {
    for (name, date, time, second) in table() {
        let zone = Zone::find(name).unwrap();
        let eve = local_instant(date.plus_days(-1), time, &zone);
        let day = campc::lang::Duration { days: 1, ..campc::lang::Duration::ZERO };
        assert_eq!(add_duration(eve, day, &zone, &Holidays::default()), Instant(second * 1000), "{name} {date} {time}");
    }
}

/// What a window lets out has a wall clock within it: on every quarter of an hour around every change.
#[test]
fn g08b_windows_are_kept_on_the_days_of_a_change() {
    let clock = |hour, minute| TimeOfDay::new(hour, minute, 0).unwrap();
    let windows = [(clock(1, 0), clock(4, 0)), (clock(2, 15), clock(2, 45)), (clock(22, 0), clock(2, 30)), (clock(9, 0), clock(17, 0))];
    let mut looked = 0;
    for (name, _, _, second) in table().into_iter().step_by(9) {
        let zone = Zone::find(name).unwrap();
        for (from, to) in windows {
            let window = Window { from, to, days: Days::ALL, zone: WindowZone::Contact };
            for quarter in -40..40 {
                let at = Instant((second + quarter * 900) * 1000);
                let open = window.next_open(at, &zone).unwrap();
                let (date, time) = zone.local(open);
                let is_in = if from < to { from <= time && time < to } else { from <= time || time < to };
                // A window whose beginning does not exist begins behind the gap.
                let is_behind_a_gap = local_instant(date, from, &zone) == open;
                assert!(is_in || is_behind_a_gap, "{name} {from}-{to}: {}", zone.format(open));
                assert!(open >= at);
                looked += 1;
            }
        }
    }
    assert_eq!(looked, 24 * 14 * 4 * 80);
}
