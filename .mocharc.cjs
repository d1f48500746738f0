module.exports = {
  spec: ['tests/**/*.test.ts'],
  require: ['tsx/cjs', 'tests/support/setup.ts'],
  timeout: 60000,
  forbidOnly: Boolean(process.env.CI),
  exit: false,
};
