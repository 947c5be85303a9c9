/* Reads iCalendar from standard input and prints what libical says against it, a line for each fault. */
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *everything(void)
{
    size_t size = 0, room = 1 << 16;
    char *text = malloc(room + 1);
    size_t got;
    while (text && (got = fread(text + size, 1, room - size, stdin)) > 0) {
        size += got;
        if (size == room) {
            room *= 2;
            text = realloc(text, room + 1);
        }
    }
    if (text)
        text[size] = 0;
    return text;
}

static void faults(icalcomponent *component)
{
    icalproperty *each;
    for (each = icalcomponent_get_first_property(component, ICAL_XLICERROR_PROPERTY); each;
         each = icalcomponent_get_next_property(component, ICAL_XLICERROR_PROPERTY))
        printf("%s: %s\n", icalcomponent_kind_to_string(icalcomponent_isa(component)), icalproperty_get_xlicerror(each));
    icalcomponent *inner;
    for (inner = icalcomponent_get_first_component(component, ICAL_ANY_COMPONENT); inner;
         inner = icalcomponent_get_next_component(component, ICAL_ANY_COMPONENT))
        faults(inner);
}

int main(void)
{
    char *text = everything();
    if (!text)
        return 2;
    icalerror_set_errors_are_fatal(0);
    icalcomponent *calendar = icalparser_parse_string(text);
    if (!calendar) {
        puts("libical reads no calendar in it");
        return 0;
    }
    faults(calendar);
    if (icalcomponent_get_method(calendar) != ICAL_METHOD_NONE) {
        icalrestriction_check(calendar);
        faults(calendar);
    }
    icalcomponent *event;
    for (event = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT); event;
         event = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT)) {
        struct icaltimetype start = icalcomponent_get_dtstart(event), end = icalcomponent_get_dtend(event);
        if (icaltime_is_null_time(start) || icaltime_compare(end, start) <= 0)
            printf("VEVENT: ends before it begins\n");
        if (!icalcomponent_get_uid(event))
            printf("VEVENT: no UID\n");
    }
    icalcomponent_free(calendar);
    free(text);
    return 0;
}
