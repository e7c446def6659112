// Package guard decides whether a whole plan may run, before its first write: a chain of rules, each a pure function of counted facts.
//
// Some rules stop the run: the source is empty or lost much (shrink), one field would be emptied for many (cleared), many would be
// updated (changed). The others hold all removals until a person decides: there are many (removals), a department loses most of its
// people, the task was edited, or its state was lost.
//
// A share speaks only from more than three entries on, so that small directories are not stopped by every leaver. A limit of 0
// tolerates nothing beyond that, and a percentage of 100 is never exceeded. That the source is empty cannot be turned off.
package guard
