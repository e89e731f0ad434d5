"""How a service is asked: requests with patience, and the login of OAuth."""
