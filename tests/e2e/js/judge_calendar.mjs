// Reads iCalendar, or jCal, from standard input with ical.js, Thunderbird's parser, and prints its faults, a line for each.
import ICAL from "ical.js";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const faults = [];
try {
    ICAL.design.strict = true;
    const text = Buffer.concat(chunks).toString();
    const calendar = new ICAL.Component(text.startsWith("[") ? JSON.parse(text) : ICAL.parse(text));
    for (const zone of calendar.getAllSubcomponents("vtimezone")) {
        ICAL.TimezoneService.register(zone);
    }
    for (const part of calendar.getAllSubcomponents("vevent")) {
        const event = new ICAL.Event(part);
        if (!event.uid) faults.push("an event without UID");
        if (event.endDate.compare(event.startDate) <= 0) faults.push(`${event.uid} ends before it begins`);
        const zone = part.getFirstProperty("dtstart").getParameter("tzid");
        if (zone && event.startDate.zone.tzid !== zone) faults.push(`${event.uid} has no zone`);
        if (event.isRecurring()) {
            const expand = event.iterator();
            let count = 0;
            while (count < 1000 && expand.next()) count++;
            if (count === 0) faults.push(`${event.uid} never takes place`);
        }
    }
    const again = new ICAL.Component(ICAL.parse(calendar.toString()));
    if (JSON.stringify(again.toJSON()) !== JSON.stringify(calendar.toJSON())) faults.push("does not come back the same");
} catch (error) {
    faults.push(String(error.message ?? error));
}
process.stdout.write(faults.map((fault) => `${fault.replaceAll("\n", " ")}\n`).join(""));
