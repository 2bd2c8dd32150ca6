# Reference values of tests/golden/univariable.json. From the repository: Rscript tests/golden/univariable.R
# Needs R and its package survival only. Times are tied, events and censorings too; two strata.
suppressMessages(library(survival))
set.seed(7)
json <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]")
out <- c()
put <- function(name, value) out <<- c(out, paste0('"', name, '": ', value))
put("made_by", paste0('["', R.version.string, '", "survival ', packageVersion("survival"), '"]'))
n <- 80
x <- matrix(round(rnorm(3 * n), 2), n)
age <- round(rnorm(n), 2)
sex <- rbinom(n, 1, 0.5)
stratum <- rep(c("a", "b"), n / 2)
time <- ceiling(rexp(n, exp(0.5 * x[, 1] + 0.3 * age) / ifelse(stratum == "a", 8, 20)))
censor <- ceiling(runif(n, 1, 40))
event <- as.integer(time <= censor)
time <- pmin(time, censor)
for (name in c("age", "sex", "time", "event")) put(name, json(get(name)))
put("stratum", paste0('["', paste(stratum, collapse = '", "'), '"]'))
put("x", json(as.vector(x)))  # column by column
exact <- coxph.control(eps = 1e-14, iter.max = 100)
tell <- function(formula, at) {
  fit <- coxph(formula, control = exact, ties = "efron")
  c(coef(fit)[at], sqrt(diag(vcov(fit)))[at], fit$loglik[2])
}
for (j in 1:3) {
  xj <- x[, j]
  put(paste0("plain_", j), json(tell(Surv(time, event) ~ xj + strata(stratum), 1)))
  put(paste0("adjusted_", j), json(tell(Surv(time, event) ~ xj + age + sex + strata(stratum), 1)))
}
groups <- cut(x[, 1], c(-Inf, -0.4, 0.5, Inf), labels = FALSE)
put("groups", json(groups))
tested <- survdiff(Surv(time, event) ~ groups + strata(stratum))
put("logrank", json(c(tested$chisq, pchisq(tested$chisq, 2, lower.tail = FALSE))))
contrast <- coxph(Surv(time, event) ~ factor(groups) + strata(stratum), control = exact)
put("contrast", json(c(coef(contrast), sqrt(diag(vcov(contrast))))))
writeLines(c("{", paste(out, collapse = ",\n"), "}"), "tests/golden/univariable.json")
