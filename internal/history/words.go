package history

import (
	"fmt"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

// Locale chooses the language of headings and of the names of operations and statuses.
type Locale string

// The locales. What comes from a directory is never translated.
const (
	English Locale = "en"
	Chinese Locale = "zh-CN"
)

// ParseLocale reads the name of a locale.
func ParseLocale(name string) (Locale, error) {
	switch {
	case strings.EqualFold(name, string(English)):
		return English, nil
	case strings.EqualFold(name, string(Chinese)):
		return Chinese, nil
	}
	return "", fmt.Errorf("locale %q is not known: use %s or %s", name, English, Chinese)
}

// phrase is one word or heading in each language.
type phrase struct{ english, chinese string }

func (p phrase) in(locale Locale) string {
	if locale == Chinese {
		return p.chinese
	}
	return p.english
}

type operationWord struct {
	kind plan.OperationKind
	word phrase
}

// operationWords are the operations in the order of the plan's stages.
var operationWords = []operationWord{
	{plan.CreateDepartment, phrase{"Create department", "创建部门"}},
	{plan.MoveDepartment, phrase{"Move department", "移动部门"}},
	{plan.UpdateDepartment, phrase{"Update department", "修改部门信息"}},
	{plan.ChangeUserIdentifier, phrase{"Change user identifier", "修改用户唯一标志"}},
	{plan.CreateUser, phrase{"Create user", "创建用户"}},
	{plan.UpdateUser, phrase{"Update user", "更新用户信息"}},
	{plan.ChangeUserDepartments, phrase{"Change user departments", "修改用户部门"}},
	{plan.SyncDepartmentMembers, phrase{"Sync department members", "同步部门成员"}},
	{plan.SyncDepartmentLeaders, phrase{"Sync department leaders", "同步部门负责人"}},
	{plan.DeleteUser, phrase{"Delete user", "删除用户"}},
	{plan.DeleteDepartment, phrase{"Delete department", "删除部门信息"}},
	{plan.NoUpdate, phrase{"No update", "无更新"}},
}

var statusWords = map[plan.Status]phrase{
	plan.Succeeded: {"Succeeded", "成功"},
	plan.Failed:    {"Failed", "失败"},
	plan.Skipped:   {"Skipped", "已跳过"},
	plan.Held:      {"Held", "待确认"},
	plan.Planned:   {"Planned", "已计划"},
}

var subjectWords = map[directory.Kind]phrase{
	directory.User:       {"User", "用户"},
	directory.Department: {"Department", "部门"},
}

var fieldWords = map[string]phrase{
	plan.FieldParent:      {"(parent)", "(上级部门)"},
	plan.FieldDepartments: {"(departments)", "(所属部门)"},
	plan.FieldMembers:     {"(members)", "(成员)"},
	plan.FieldLeaders:     {"(leaders)", "(负责人)"},
	plan.FieldActive:      {"(active)", "(启用)"},
	plan.FieldLink:        {"(link)", "(关联)"},
}

// runWords are types, modes and phases of runs.
var runWords = map[string]phrase{
	"Sync":            {"Sync", "同步"},
	"Plan":            {"Plan", "预演"},
	"Manual":          {"Manual", "手动"},
	"Scheduled":       {"Scheduled", "定时"},
	"RealTime":        {"RealTime", "实时"},
	"Succeeded":       {"Succeeded", "成功"},
	"PartiallyFailed": {"PartiallyFailed", "部分失败"},
	"Failed":          {"Failed", "失败"},
	"Cancelled":       {"Cancelled", "已取消"},
}

// Operations lists the operations in the order of the plan's stages.
func Operations() []plan.OperationKind {
	kinds := make([]plan.OperationKind, len(operationWords))
	for i, o := range operationWords {
		kinds[i] = o.kind
	}
	return kinds
}

func isOperation(kind plan.OperationKind) bool {
	return slices.ContainsFunc(operationWords, func(o operationWord) bool { return o.kind == kind })
}

// Statuses lists the statuses of records.
func Statuses() []plan.Status {
	return []plan.Status{plan.Succeeded, plan.Failed, plan.Skipped, plan.Held, plan.Planned}
}

// OperationWord is what people call an operation.
func OperationWord(kind plan.OperationKind, locale Locale) string {
	for _, o := range operationWords {
		if o.kind == kind {
			return o.word.in(locale)
		}
	}
	return string(kind)
}

// StatusWord is what people call a status.
func StatusWord(status plan.Status, locale Locale) string {
	if word, ok := statusWords[status]; ok {
		return word.in(locale)
	}
	return string(status)
}

// SubjectWord is what people call a kind of entry.
func SubjectWord(kind directory.Kind, locale Locale) string {
	if word, ok := subjectWords[kind]; ok {
		return word.in(locale)
	}
	return string(kind)
}

// fieldWord is what people call a changed field: a field of the directory keeps its own name.
func fieldWord(field string, locale Locale) string {
	if word, ok := fieldWords[field]; ok {
		return word.in(locale)
	}
	return field
}

func runWord(text string, locale Locale) string {
	if word, ok := runWords[text]; ok {
		return word.in(locale)
	}
	return text
}
