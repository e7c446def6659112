package main

import "strings"

// name is a Chinese name and how it is spelled in Latin letters.
type name struct{ written, spelled string }

var chineseFamilies = []name{
	{"王", "wang"}, {"李", "li"}, {"张", "zhang"}, {"刘", "liu"}, {"陈", "chen"}, {"杨", "yang"}, {"赵", "zhao"}, {"黄", "huang"},
	{"周", "zhou"}, {"吴", "wu"}, {"徐", "xu"}, {"孙", "sun"}, {"胡", "hu"}, {"朱", "zhu"}, {"高", "gao"}, {"林", "lin"},
	{"何", "he"}, {"郭", "guo"}, {"马", "ma"}, {"罗", "luo"}, {"欧阳", "ouyang"}, {"司马", "sima"}, {"诸葛", "zhuge"}, {"吕", "lv"},
}

var chineseGivens = []name{
	{"伟", "wei"}, {"芳", "fang"}, {"娜", "na"}, {"敏", "min"}, {"静", "jing"}, {"磊", "lei"}, {"洋", "yang"}, {"艳", "yan"},
	{"勇", "yong"}, {"军", "jun"}, {"杰", "jie"}, {"涛", "tao"}, {"明", "ming"}, {"超", "chao"}, {"秀英", "xiuying"}, {"桂兰", "guilan"},
	{"建国", "jianguo"}, {"志强", "zhiqiang"}, {"海燕", "haiyan"}, {"雪梅", "xuemei"}, {"子涵", "zihan"}, {"浩然", "haoran"},
	{"梓萱", "zixuan"}, {"宇轩", "yuxuan"}, {"思远", "siyuan"}, {"雨桐", "yutong"}, {"晓东", "xiaodong"}, {"文静", "wenjing"},
}

var westernFamilies = []string{
	"Smith", "Johnson", "Brown", "Taylor", "Wilson", "Walker", "O'Brien", "O'Connor", "McDonald", "Müller", "Schröder", "Weiß", "Dubois",
	"Lefèvre", "García", "Núñez", "Rossi", "Silva", "van der Berg", "Kowalski", "Novák", "Jensen", "Søndergaard", "Ångström",
}

var westernGivens = []string{
	"Olivia", "Emma", "Charlotte", "Sophie", "Zoë", "Anne-Marie", "Chloé", "Ingrid", "Lucía", "Hannah", "Grace", "Ruth",
	"Liam", "Noah", "Oliver", "James", "Henry", "José", "François", "Jürgen", "Bjørn", "Peter", "Jan", "Marco",
}

// letters turns what is not a small or big letter of ASCII into something that may stand in a login.
var letters = strings.NewReplacer("ü", "ue", "ö", "oe", "ß", "ss", "è", "e", "é", "e", "ë", "e", "í", "i", "ú", "u", "ñ", "n", "á", "a", "ø", "o",
	"Å", "A", "å", "a", "ç", "c", "'", "", "-", "", " ", "")

var divisions = []string{
	"研发中心", "Sales", "财务部", "Operations", "人力资源部", "Marketing", "制造部", "Legal", "信息技术部", "Logistics", "客户服务部", "Strategy",
}

var cities = []string{
	"北京", "London", "上海", "Berlin", "深圳", "Paris", "广州", "Madrid", "成都", "Toronto", "武汉", "Oslo", "杭州", "Sydney",
}

var titles = []string{
	"Engineer", "工程师", "Senior Engineer", "高级工程师", "Accountant", "会计", "Sales Manager", "销售经理", "Analyst", "分析师", "Designer", "设计师",
	"Assistant", "助理", "Team Lead", "组长",
}
