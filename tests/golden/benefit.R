# Reference values of tests/golden/benefit.json on tests/golden/cox.csv (the Veterans' trial that comes with survival; arms
# 1 standard, 2 test). From the repository: Rscript tests/golden/benefit.R. The tests read the stored file and need no R.
suppressMessages(library(survival))
patients <- read.csv("tests/golden/cox.csv")
exact <- coxph.control(eps = 1e-15, toler.chol = 1e-16, iter.max = 100, outer.max = 50)
json <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]")
text <- function(x) paste0("[", paste0('"', x, '"', collapse = ", "), "]")
out <- c()
put <- function(name, value) out <<- c(out, paste0('"', name, '": ', value))
put("made_by", text(c(R.version.string, paste("survival", packageVersion("survival")))))
n <- nrow(patients)
patients$a <- patients$trt - 1
patients$s <- (patients$karno - mean(patients$karno)) / (sd(patients$karno) * sqrt((n - 1) / n))
larger <- coxph(Surv(time, event) ~ a + s + a:s + age + prior + strata(stratum), patients, control = exact)
smaller <- coxph(Surv(time, event) ~ a + s + age + prior + strata(stratum), patients, control = exact)
compared <- anova(smaller, larger)
terms <- c("a", "s", "a:s", "age", "prior")
put("likelihood_ratio", json(c(compared$Chisq[2], compared[2, ncol(compared)])))
put("coef", json(coef(larger)[terms]))
put("se", json(sqrt(diag(vcov(larger)))[terms]))
# treatment at the quartiles of the score
at <- quantile(patients$s, c(0.25, 0.75))
v <- vcov(larger)[c("a", "a:s"), c("a", "a:s")]
put("log_ratio_at", json(coef(larger)["a"] + at * coef(larger)["a:s"]))
put("se_at", json(sapply(at, function(q) sqrt(t(c(1, q)) %*% v %*% c(1, q)))))

# arms as if chosen: overlap weights from logistic regression, robust variance
chance <- fitted(glm(a ~ age + prior + delay + s, binomial, patients, control = glm.control(epsilon = 1e-14, maxit = 100)))
w <- ifelse(patients$a == 1, 1 - chance, chance)
patients$w <- w / mean(w)
put("propensity", json(chance))
weighted <- coxph(Surv(time, event) ~ a + s + a:s + age + prior + strata(stratum), patients, weights = w, robust = TRUE,
                  control = exact)
put("weighted_coef", json(coef(weighted)[terms]))
put("robust_se", json(sqrt(diag(vcov(weighted)))[terms]))

# survival in each arm: a baseline an arm, score and product, no covariate
arms <- coxph(Surv(time, event) ~ s + I(a * s) + strata(a), patients, ties = "breslow", control = exact)
put("arms_coef", json(coef(arms)))
efron <- coxph(Surv(time, event) ~ s + I(a * s) + strata(a), patients, control = exact)
new <- data.frame(s = rep(at, each = 2), a = rep(0:1, 2))
curves <- summary(survfit(efron, newdata = new, stype = 2, ctype = 1), times = 150, extend = TRUE)
each <- sapply(1:4, function(i) summary(survfit(efron, newdata = new[i, ], stype = 2, ctype = 1), times = 150)$surv)
put("survival_150", json(each))
rmst <- sapply(1:4, function(i) {
  one <- survfit(efron, newdata = new[i, ], stype = 2, ctype = 1)
  summary(one, rmean = 150)$table[["rmean"]]
})
put("rmst_150", json(rmst))

# pseudo-values of the restricted mean to day 150 in the controls, by leaving one out in turn
own <- patients[patients$a == 0, ]
mean_days <- function(d) summary(survfit(Surv(time, event) ~ 1, d), rmean = 150)$table[["rmean"]]
m <- nrow(own)
put("pseudo", json(m * mean_days(own) - (m - 1) * sapply(1:m, function(i) mean_days(own[-i, ]))))
writeLines(paste0("{\n ", paste(out, collapse = ",\n "), "\n}"), "tests/golden/benefit.json")
