// Package expression compiles the CEL expressions and filters of a task and evaluates them on entries.
//
// The variable is named after the kind: user or department. A name after it is a field of the entry:
//
//	user.mail            the first value, or null when the field is absent
//	user.all.mail        the list of all values, empty when the field is absent
//	user["mail"]         the same as user.mail, for names that are no identifiers
//	has(user.mail)       whether the field has a value
//
// Four names are no fields: all, id, name, and departments of a user or parent of a department. user.departments lists the source
// IDs of the departments, the main one first; department.parent is the ID of the parent, or null at the top. IDs and not names, since
// a name changes without anyone having moved. A field that has one of these names is reached through all: user.all.name.
//
// Values have the type that the directory's schema declares: text, true and false, whole numbers, times, bytes. Beside CEL's own
// functions (contains, startsWith, endsWith, matches, size) there are lower and upper, which know every alphabet, pinyin, which writes Chinese
// characters in Latin letters ("李文静" becomes "li wen jing"), and the extensions
// for text (split, join, replace, trim, substring, indexOf, format), lists, sets and cel.bind.
//
// An evaluation costs at most a fixed number of steps. It is pure: it sees the entry and nothing else.
package expression
