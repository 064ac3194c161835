// Package regions has the names of regions, which several products show.
package regions

// Languages in which a region has a name.
const (
	Chinese = iota
	English
)

// names are in Chinese and English.
var names = map[string][2]string{
	"cn-beijing":     {"华北2（北京）", "China (Beijing)"},
	"cn-hangzhou":    {"华东1（杭州）", "China (Hangzhou)"},
	"cn-shanghai":    {"华东2（上海）", "China (Shanghai)"},
	"cn-shenzhen":    {"华南1（深圳）", "China (Shenzhen)"},
	"cn-hongkong":    {"中国香港", "China (Hong Kong)"},
	"ap-southeast-1": {"新加坡", "Singapore"},
	"us-west-1":      {"美国（硅谷）", "US (Silicon Valley)"},
	"eu-central-1":   {"德国（法兰克福）", "Germany (Frankfurt)"},
}

// Name is the name of a region in [Chinese] or [English]. A region without a name goes by its id.
func Name(id string, language int) string {
	if name, known := names[id]; known {
		return name[language]
	}
	return id
}
