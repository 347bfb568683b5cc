package migrate

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// ParseShift reads the name of one of CodeDeploy's own configurations for Amazon ECS, with or without CodeDeployDefault in front.
//
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
func ParseShift(name string) (Shift, error) {
	found := regexp.MustCompile(`^(?:CodeDeployDefault\.)?ECS(?:AllAtOnce|(Canary|Linear)(\d+)Percent(?:Every)?(\d+)Minutes?)$`).FindStringSubmatch(name)
	if found == nil {
		return Shift{}, fmt.Errorf("%q is none of CodeDeploy's configurations for ECS, such as CodeDeployDefault.ECSCanary10Percent5Minutes; one of your own is read with --application", name)
	}
	s := Shift{Name: name}
	if found[1] == "" {
		return s, nil
	}
	percent, _ := strconv.Atoi(found[2]) // the pattern takes digits alone
	wait, _ := strconv.Atoi(found[3])
	step := &Step{percent, time.Duration(wait) * time.Minute}
	if found[1] == "Canary" {
		s.Canary = step
	} else {
		s.Linear = step
	}
	return s, nil
}
